// Follows a run under way: what is marked with data-refresh is replaced twice a second by what the
// server makes of it, until the run is over. The server has escaped everything in it.
(() => {
  "use strict";
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const refresh = async () => {
      if (!document.hidden) {
        try {
          const answer = await fetch(part.dataset.refresh, { cache: "no-store" });
          if (answer.ok) {
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            part.replaceChildren(...page.body.childNodes);
            part.classList.remove("stale");
            if (part.querySelector("[data-over]")) { location.reload(); return; }
          }
        } catch {
          // The server is gone, or busy: what is shown is old, and says so.
          part.classList.add("stale");
        }
      }
      setTimeout(refresh, 500);
    };
    setTimeout(refresh, 500);
  }
  // Two runs are compared, not three.
  const marks = [...document.querySelectorAll("input[type=checkbox][name=run]")];
  const button = document.querySelector(".compare button");
  const update = () => {
    const chosen = marks.filter((mark) => mark.checked).length;
    for (const mark of marks) mark.disabled = chosen >= 2 && !mark.checked;
    if (button) button.disabled = chosen !== 2;
  };
  for (const mark of marks) mark.addEventListener("change", update);
  if (marks.length) update();
})();

// What the page does beyond being read and drawn: copy the command, jump to a violation.
"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Pages opened from disk may not be let near the clipboard: select the text instead.
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
for (const button of document.querySelectorAll("button[data-witness]")) {
  button.addEventListener("click", () => {
    const number = Number(button.dataset.witness);
    Schism.timeline?.show(number);
    Schism.spacetime?.show(...Schism.data().witnesses[number].view);
    Schism.spacetime?.stress(number);
    document.getElementById(button.dataset.to).scrollIntoView();
  });
}
for (const button of document.querySelectorAll("button[data-time]")) {
  button.addEventListener("click", () => {
    const time = Number(button.dataset.time);
    Schism.timeline?.look(time - 50_000, time + 50_000);
    Schism.spacetime?.show(time - 5_000, time + 5_000);
    (document.getElementById("spacetime") ?? document.getElementById("timeline"))?.scrollIntoView();
  });
}

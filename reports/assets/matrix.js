"use strict";
// Shows only the protocols and properties that were asked for.
const form = document.querySelector(".filter");
const show = () => {
  const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const problems = form.elements.problems.checked;
  for (const body of document.querySelectorAll(".matrix tbody")) {
    const about = body.dataset.words.toLowerCase();
    let any = false;
    for (const row of body.querySelectorAll(".property, .twin")) {
      const text = about + " " + row.querySelector("th").textContent.toLowerCase();
      const wrong = row.querySelector("button.bad, button.doubt") !== null;
      row.hidden = !words.every((word) => text.includes(word)) || (problems && !wrong);
      any ||= !row.hidden;
    }
    body.hidden = !any;
  }
};
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());

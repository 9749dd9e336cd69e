// Sorting and filtering of tables, and MOF cards that open below their row.
"use strict";

// A table's rows are its tbody elements: a row and, for the ranking, the card below it.
function sortTable(header) {
  const table = header.closest("table");
  const column = [...header.parentNode.children].indexOf(header);
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const value = (body) => {
    const text = body.rows[0].cells[column].dataset.value ?? body.rows[0].cells[column].textContent.trim();
    const number = Number(text);
    return text !== "" && Number.isFinite(number) ? number : text;
  };
  const sign = ascending ? 1 : -1;
  const bodies = [...table.tBodies].map((body) => [value(body), body]);
  bodies.sort(([one], [other]) => {
    if (one === "" || other === "") return (one === "") - (other === "");
    return typeof one === "number" && typeof other === "number"
      ? sign * (one - other)
      : sign * String(one).localeCompare(String(other));
  });
  table.append(...bodies.map(([, body]) => body));
}

function filterTable(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const table = document.getElementById(input.dataset.filter);
  let shown = 0;
  for (const body of table.tBodies) {
    const text = (body.dataset.search ?? body.textContent).toLowerCase();
    body.hidden = !words.every((word) => text.includes(word));
    shown += body.hidden ? 0 : 1;
  }
  input.parentNode.querySelector("output").textContent = words.length ? `${shown} shown` : "";
}

function toggleCard(button, open) {
  const card = document.getElementById(button.getAttribute("aria-controls"));
  const show = open ?? card.hidden;
  card.hidden = !show;
  button.setAttribute("aria-expanded", String(show));
  if (show) for (const figure of card.querySelectorAll("[data-scene]")) showStructure(figure);
}

function openFromAddress() {
  const card = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!card || !card.matches(".card-row")) return;
  toggleCard(document.querySelector(`[aria-controls="${card.id}"]`), true);
  card.scrollIntoView({ block: "center" });
}

for (const header of document.querySelectorAll("th[data-sortable] > button")) {
  header.addEventListener("click", () => sortTable(header.parentNode));
}
for (const input of document.querySelectorAll("input[data-filter]")) {
  input.addEventListener("input", () => filterTable(input));
}
for (const row of document.querySelectorAll("tr.mof")) {
  const button = row.querySelector("button[aria-controls]");
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a") && !String(getSelection())) toggleCard(button);
  });
}
for (const card of document.querySelectorAll(".card-row")) card.hidden = true;
for (const figure of document.querySelectorAll("[data-scene][data-now]")) showStructure(figure);
addEventListener("hashchange", openFromAddress);
openFromAddress();

"use strict";
// Sources beside the numbers, tables that sort, folds that open for what is linked to or printed.
// Without it all is there: a number is a link to its source.
(() => {
  const why = document.getElementById("why");
  let shown = null, byTouch = false, leaving = 0;

  const hide = () => {
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    why.hidden = true;
  };
  const show = (fact) => {
    clearTimeout(leaving);
    if (fact === shown) return;
    hide();
    const note = document.getElementById(fact.getAttribute("href").slice(1));
    if (!note) return;
    const name = document.createElement("b");
    name.textContent = fact.getAttribute("aria-label") || fact.textContent;
    why.replaceChildren(name, ...Array.from(note.childNodes, (node) => node.cloneNode(true)));
    why.hidden = false;
    shown = fact;
    fact.setAttribute("aria-describedby", "why");
    const at = fact.getBoundingClientRect(), own = why.getBoundingClientRect();
    const wide = document.documentElement.clientWidth;
    const below = at.bottom + 6, above = at.top - own.height - 6;
    why.style.left = `${Math.max(8, Math.min(at.left, wide - own.width - 8))}px`;
    why.style.top = `${below + own.height > innerHeight && above > 0 ? above : below}px`;
  };
  const factOf = (event) => event.target.closest && event.target.closest("a.fact");
  const leave = () => { leaving = setTimeout(hide, 150); };

  document.addEventListener("pointerdown", (event) => {
    byTouch = event.pointerType === "touch";
    if (!factOf(event) && !why.contains(event.target)) hide();
  });
  document.addEventListener("pointerover", (event) => {
    const fact = factOf(event);
    if (fact) show(fact);
    else if (why.contains(event.target)) clearTimeout(leaving);
    else if (shown && shown !== document.activeElement) leave();
  });
  document.addEventListener("focusin", (event) => {
    const fact = factOf(event);
    if (fact) show(fact); else hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("scroll", () => { if (shown !== document.activeElement) hide(); }, { passive: true });
  document.addEventListener("click", (event) => {
    const fact = factOf(event);
    if (fact && byTouch) { event.preventDefault(); show(fact); }
  });

  const open = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    hide();
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => { for (const fold of closed) fold.open = false; });

  const value = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const body = table.tBodies[0];
        const order = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
        const rows = Array.from(body.rows).sort((a, b) => order(value(a, column), value(b, column)) * (up ? 1 : -1));
        body.append(...rows);
      });
    });
  }

  for (const id of ["policies", "sites", "findings"]) {
    const section = document.getElementById(id);
    if (!section) continue;
    const folds = Array.from(section.querySelectorAll("details"));
    if (folds.length < 2) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "all";
    button.textContent = "Open all";
    button.addEventListener("click", () => {
      const opening = button.textContent === "Open all";
      for (const fold of folds) fold.open = opening;
      button.textContent = opening ? "Close all" : "Open all";
    });
    section.querySelector("h2").after(button);
  }
})();

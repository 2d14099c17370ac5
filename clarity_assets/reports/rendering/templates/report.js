"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- sorting: by the numbers' values, unknown ones last, equal ones in their order --------------------------------
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const number = (cell) => {
    const data = cell.querySelector("data");
    const text = data ? data.getAttribute("value") : cell.textContent.replaceAll(",", "").trim();
    return text === "" ? NaN : Number(text);
  };
  const words = (cell) => (cell.querySelector("bdi") ?? cell).textContent.trim();
  const compare = (isNumber) => (a, b) => {
    if (!isNumber) return collator.compare(words(a), words(b));
    const [x, y] = [number(a), number(b)];
    return x === y ? 0 : x < y ? -1 : 1;
  };
  const sort = (table, place, isNumber) => {
    const heads = all("thead th", table);
    const before = heads[place].getAttribute("aria-sort");
    const order = before ? (before === "ascending" ? "descending" : "ascending") : isNumber ? "descending" : "ascending";
    const isUnknown = (row) => (isNumber ? Number.isNaN(number(row.cells[place])) : words(row.cells[place]) === "");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const sign = order === "ascending" ? 1 : -1;
    const inOrder = compare(isNumber);
    const known = rows.filter((row) => !isUnknown(row)).sort((a, b) => sign * inOrder(a.cells[place], b.cells[place]));
    body.append(...known, ...rows.filter(isUnknown));
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[place].setAttribute("aria-sort", order);
  };
  for (const table of all("table.sortable")) {
    all("thead th", table).forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, place, head.classList.contains("number")));
    });
  }

  // --- wide tables: a hint, and a stop for the keyboard, only where there is something to scroll --------------------
  const atEnd = (region) => region.classList.toggle("end", region.scrollLeft + region.clientWidth >= region.scrollWidth - 1);
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const isOver = target.scrollWidth > target.clientWidth;
      target.classList.toggle("sideways", isOver);
      atEnd(target);
      if (isOver) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const region of all(".scroll")) {
    watch.observe(region);
    region.addEventListener("scroll", () => atEnd(region), { passive: true });
  }

  // --- tips: what is known of a number, of a mark or of a day -------------------------------------------------------
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.querySelector("main").append(tip);
  const REACH_PX = 20; // a mark is meant from that far
  const said = document.createElement("div"); // what a screen reader says while arrows go from mark to mark
  said.className = "hidden";
  said.setAttribute("aria-live", "polite");
  document.querySelector("main").append(said);
  let shown = null;
  let isPinned = false;

  const place = (box) => {
    const gap = 8;
    const width = document.documentElement.clientWidth;
    const left = Math.min(Math.max(box.left + box.width / 2 - tip.offsetWidth / 2, gap), width - tip.offsetWidth - gap);
    const above = box.top - tip.offsetHeight - gap;
    tip.style.left = `${Math.max(left, gap) + window.scrollX}px`;
    tip.style.top = `${(above < 0 ? box.bottom + gap : above) + window.scrollY}px`;
  };
  const fill = (target) => {
    tip.replaceChildren();
    if (target.dataset.tip) tip.append(target.dataset.tip);
    for (const id of target.dataset.id?.split(" ") ?? []) tip.append(idLine(id));
  };
  const idLine = (id) => {
    const line = document.createElement("div");
    const code = document.createElement("code");
    const copy = document.createElement("button");
    line.className = "id";
    code.textContent = id;
    copy.type = "button";
    copy.textContent = "Copy id";
    copy.addEventListener("click", async () => {
      getSelection().selectAllChildren(code);
      try {
        await navigator.clipboard.writeText(id);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Selected";
      }
    });
    line.append(code, copy);
    return line;
  };
  const show = (target) => {
    if (shown === target) return;
    hide();
    if (!target.dataset.tip && !target.dataset.id) return;
    fill(target);
    tip.hidden = false;
    place(target.getBoundingClientRect());
    target.setAttribute("aria-describedby", "tip");
    shown = target;
  };
  const hide = () => {
    if (shown) shown.removeAttribute("aria-describedby");
    tip.hidden = true;
    shown = null;
    isPinned = false;
  };
  const isFocused = () => shown && document.activeElement === (shown.ownerSVGElement ?? shown);
  let leaving = 0;
  const stay = () => clearTimeout(leaving);
  const leave = () => {
    stay();
    leaving = setTimeout(() => isPinned || isFocused() || hide(), 150);
  };
  const nearest = (event) => {
    const chart = event.target.closest?.(".chart svg");
    const far = (box) => Math.hypot(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
    const near = chart ? all("[data-tip]", chart).map((mark) => [far(mark.getBoundingClientRect()), mark]) : [];
    const [distance, mark] = near.reduce((a, b) => (a[0] <= b[0] ? a : b), [Infinity, null]);
    return distance <= REACH_PX ? mark : null;
  };
  const aimed = (event) => event.target.closest?.("[data-tip]") ?? nearest(event);
  document.addEventListener("pointermove", (event) => {
    if (tip.contains(event.target)) return stay();
    const target = aimed(event);
    if (!target) return leave();
    stay();
    if (!isPinned) show(target);
  });
  document.addEventListener("focusin", (event) => {
    if (tip.contains(event.target)) return;
    const target = event.target.closest("[data-tip]");
    if (target) show(target);
    else hide();
  });
  document.addEventListener("focusout", (event) => event.relatedTarget || leave());
  document.addEventListener("click", (event) => {
    if (tip.contains(event.target)) return;
    const target = aimed(event);
    hide();
    if (target) {
      show(target);
      isPinned = true;
    }
  });
  document.addEventListener("keydown", (event) => {
    const focused = document.activeElement;
    if (event.key === "Escape" && shown) {
      const back = tip.contains(focused) ? shown : null;
      hide();
      (back?.ownerSVGElement ?? back)?.focus();
    } else if (event.key === "Enter" && shown && focused === (shown.ownerSVGElement ?? shown)) {
      isPinned = true;
      tip.querySelector("button")?.focus();
    }
  });

  // --- the keyboard: one stop a table, one a chart; arrows go on from there -----------------------------------------
  all(".n, bdi[data-tip]").forEach((data) => {
    const table = data.closest("table");
    data.tabIndex = table && table.querySelector("data.n") !== data ? -1 : 0;
  });
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest?.("td, th");
    if (!event.target.matches?.("data.n") || !cell) return;
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] ?? [0, 0];
    const next = (down ? (down > 0 ? cell.parentNode.nextElementSibling : cell.parentNode.previousElementSibling) : cell.parentNode)
      ?.cells[cell.cellIndex + right]?.querySelector("data.n");
    if (!(down || right) || !next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  for (const chart of all(".chart svg")) {
    const marks = all("[data-tip]", chart);
    if (!marks.length) continue;
    let at = -1;
    chart.setAttribute("tabindex", "0");
    chart.addEventListener("focusin", (event) => {
      event.stopPropagation(); // a mark is shown in place of what has the focus
      at = Math.max(at, marks.indexOf(shown), 0);
      show(marks[at]);
      said.textContent = marks[at].dataset.tip;
    });
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      at = (at + step + marks.length) % marks.length;
      show(marks[at]);
      said.textContent = marks[at].dataset.tip;
    });
  }
})();

/* What the page does beyond HTML: light and dark, tables that are sorted and searched, and the start of the charts. */
"use strict";
(() => {
  const root = document.documentElement;
  const told = document.getElementById("told");
  const data = JSON.parse(document.getElementById("data").textContent);

  const made = (tag, words = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(words)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  /* A page opened from a mail may have no storage: then the choice lasts as long as the page. */
  const remembered = () => { try { return localStorage.getItem("logcorr-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("logcorr-theme", theme); } catch { /* no storage */ } };

  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

  function startTheme(redraw) {
    const button = document.getElementById("theme");
    const shown = () => { button.textContent = dark() ? "☀ Light" : "☾ Dark"; redraw(); };
    if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember(root.dataset.theme);
      shown();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", shown);
    button.hidden = false;
    shown();
  }

  /* A row is sorted by the number of its cell where it has one. Cells without a value come last. */
  function compared(column, down) {
    const sign = down ? -1 : 1;
    return (one, other) => {
      const [a, b] = [one.cells[column], other.cells[column]];
      const [x, y] = [a.dataset.v, b.dataset.v];
      if (x !== undefined && y !== undefined) return sign * (x - y);
      if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
      const [s, t] = [a.textContent, b.textContent];
      if (s === t) return 0;
      if (s === "–" || t === "–") return s === "–" ? 1 : -1;
      return sign * (s < t ? -1 : 1);
    };
  }

  function startTable(table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    const title = document.getElementById(table.getAttribute("aria-labelledby")).firstChild.textContent.trim();
    heads.forEach((head, column) => {
      const name = head.textContent.trim();
      if (!name) return;
      head.textContent = "";
      head.setAttribute("aria-sort", "none");
      const button = head.appendChild(made("button", { type: "button" }, name));
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const numbers = rows.some((row) => row.cells[column].dataset.v !== undefined);
        const down = before === "none" ? numbers : before === "ascending";
        for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort(compared(column, down));
        body.append(...rows);
      });
    });
    const field = made("input", { type: "search", "aria-label": `Search ${title}`, placeholder: "search these rows", autocomplete: "off", spellcheck: "false" });
    const count = made("span", { role: "status" });
    let texts = null;
    field.addEventListener("input", () => {
      texts ??= new Map(rows.map((row) => [row, [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase()]));
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        row.hidden = !words.every((word) => texts.get(row).includes(word));
        shown += !row.hidden;
      }
      count.textContent = words.length ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows` : "";
    });
    const tools = made("div", { class: "find" }, field, count);
    if (table.querySelector("td.wide")) {
      const button = made("button", { type: "button", "aria-pressed": "false", "aria-label": `Whole texts in ${title}` }, "Whole texts");
      button.addEventListener("click", () => button.setAttribute("aria-pressed", String(table.classList.toggle("open"))));
      field.after(button);
    }
    table.closest(".scroll").before(tools);
  }

  for (const table of document.querySelectorAll("table[data-long]")) startTable(table);
  startTheme(startCharts(data, made, told));
})();

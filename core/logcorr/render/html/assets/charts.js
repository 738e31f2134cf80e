/* Draws the charts anew with uPlot, so that they can be zoomed and read by pointer and by keyboard. */
"use strict";
function startCharts({ times, charts: given }, made, told) {
  const HINT = "Left and right read, shift with them moves, plus and minus zoom, 0 shows all.";
  const STEPS = 9;
  const inks = new Map();
  const probe = document.body.appendChild(made("span", { class: "hidden", "aria-hidden": "true" }));
  const live = [];

  /* The colour of a name, as the theme has it now. */
  function ink(name) {
    if (!inks.has(name)) {
      probe.style.color = `var(--${name})`;
      inks.set(name, getComputedStyle(probe).color);
    }
    return inks.get(name);
  }

  const three = (n) => Number(n.toPrecision(3)).toString();
  function short(n) {
    for (const [unit, scale] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]])
      if (Math.abs(n) >= scale * 0.9995) return three(n / scale) + unit;
    return three(n);
  }
  const rate = (n) => n > 0 && n < 0.0995 ? (n < 0.0995 / 60 ? short(n * 3600) + "/h" : short(n * 60) + "/min") : short(n) + "/s";
  function duration(ms) {
    if (ms === null || ms === undefined) return "–";
    if (ms < 0.9995) return Math.round(ms * 1000) + "us";
    if (ms < 999.5) return three(ms) + "ms";
    if (ms < 59950) return three(ms / 1000) + "s";
    const two = (big, small) => `${Math.floor(ms / big)}${{ 6e4: "m", 36e5: "h", 864e5: "d" }[big]} ${String(Math.floor(ms % big / small)).padStart(2, "0")}${{ 1e3: "s", 6e4: "m", 36e5: "h" }[small]}`;
    return ms < 36e5 ? two(6e4, 1e3) : ms < 864e5 ? two(36e5, 6e4) : two(864e5, 36e5);
  }
  const count = (n) => n.toLocaleString("en");
  const iso = (seconds) => new Date(seconds * 1000).toISOString();
  const clock = (seconds) => times.width >= 60 ? iso(seconds).slice(11, 16) : iso(seconds).slice(11, 19);
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const day = (seconds) => { const at = new Date(seconds * 1000); return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`; };
  const when = (k) => `${day(times.starts[k])} ${clock(times.starts[k])} – ${clock(times.starts[k] + times.width)}`;
  const timeLabels = (_u, splits, _axis, _space, step) => splits.map((at, k) => {
    const midnight = at % 86400 === 0;
    if (step >= 86400 || midnight && k > 0) return day(at);
    return step >= 60 ? iso(at).slice(11, 16) : iso(at).slice(11, 19);
  });

  /* Round numbers between two numbers: decades where there are more than so many, else also steps within them. */
  function logSplits(low, high, decades) {
    const span = Math.log10(high / low);
    const steps = span > decades ? [1] : span > 0.6 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9];
    const list = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
      for (const step of steps) {
        const at = step * 10 ** power;
        if (at >= low && at <= high) list.push(at);
      }
    return list;
  }

  /* Boxes from x to x and from y to y in the plot, all in one colour. */
  function boxes(u, tone, list, parted = true) {
    u.ctx.fillStyle = ink(tone);
    for (const [x0, x1, y0, y1] of list) {
      const [left, right] = [u.valToPos(x0, "x", true), u.valToPos(x1, "x", true)];
      const [low, high] = [u.valToPos(y0, "y", true), u.valToPos(y1, "y", true)];
      const gap = parted && right - left > 4 ? devicePixelRatio / 2 : 0;
      u.ctx.fillRect(left, high, Math.max(right - left - gap, 0.5) + (parted ? 0 : 0.6), low - high);
    }
  }
  function clipped(u, draw) {
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.clip();
    draw();
    u.ctx.restore();
  }

  /* A stack of series [name, tone, values] over edges [from, to]. */
  function stack(edges, series, show) {
    const sums = edges.map((_, k) => series.reduce((sum, [, , values]) => sum + values[k], 0));
    return {
      values: [sums],
      zero: true,
      show,
      draw(u) {
        const base = edges.map(() => 0);
        for (const [, tone, values] of series) {
          const list = [];
          values.forEach((value, k) => {
            if (value > 0) list.push([...edges[k], base[k], base[k] += value]);
          });
          boxes(u, tone, list);
        }
      },
    };
  }

  const FORMS = {
    histogram({ edges, counts, tones, marks }) {
      const series = ["good", "warn", "bad"].map((tone) => [tone, tone, counts.map((n, k) => tones[k] === tone ? n : 0)]);
      const chart = stack(edges, series, short);
      const total = counts.reduce((a, b) => a + b, 0);
      return {
        ...chart,
        edges,
        labels: (u, splits) => splits.map((at) => duration(10 ** at)),
        splits: (_u, _axis, low, high) => logSplits(10 ** low, 10 ** high, 2).map(Math.log10),
        draw(u) {
          chart.draw(u);
          u.ctx.font = `600 ${12 * devicePixelRatio}px monospace`;
          u.ctx.textBaseline = "top";
          Object.entries(marks).forEach(([name, at], k) => {
            const x = u.valToPos(at, "x", true);
            u.ctx.strokeStyle = ink("dim");
            u.ctx.lineWidth = devicePixelRatio;
            u.ctx.setLineDash([4, 4]);
            u.ctx.beginPath();
            u.ctx.moveTo(x, u.bbox.top);
            u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
            u.ctx.stroke();
            u.ctx.setLineDash([]);
            const late = x > u.bbox.left + u.bbox.width - 110 * devicePixelRatio;
            u.ctx.textAlign = late ? "right" : "left";
            u.ctx.fillStyle = ink("ink");
            u.ctx.fillText(`${name} ${duration(10 ** at)}`, x + (late ? -5 : 5) * devicePixelRatio, u.bbox.top + (2 + 15 * k) * devicePixelRatio);
          });
        },
        read: (k) => `${duration(10 ** edges[k][0])} to ${duration(10 ** edges[k][1])}: ${count(counts[k])} requests, ${(100 * counts[k] / total).toFixed(2)} %`,
      };
    },
    flow({ good, failed }) {
      const per = (values) => values.map((n) => n / times.width);
      const chart = stack(points(), [["good", "accent", per(good)], ["failed", "bad", per(failed)]], rate);
      return { ...chart, time: true, read: (k) => `${when(k)}: ${count(good[k] + failed[k])} requests, ${rate((good[k] + failed[k]) / times.width)}, ${count(failed[k])} failed` };
    },
    orphans({ series }) {
      const chart = stack(points(), series, short);
      return {
        ...chart,
        time: true,
        read: (k) => `${when(k)}: ${series.filter(([, , values]) => values[k]).map(([name, , values]) => `${count(values[k])} ${name}`).join(", ") || "no orphans"}`,
      };
    },
    percentiles({ p50, p99 }) {
      const least = (values) => values.map((ms) => ms === null ? null : Math.max(ms, 0.001));
      return {
        values: [least(p50), least(p99)],
        tones: ["info", "warn"],
        log: true,
        time: true,
        show: duration,
        read: (k) => `${when(k)}: p50 ${duration(p50[k])}, p99 ${duration(p99[k])}`,
      };
    },
    heat({ edges, bands, cells }) {
      const most = Math.log1p(Math.max(...cells.map(([, , n]) => n)));
      const step = (n) => Math.min(Math.floor(Math.log1p(n) / most * STEPS), STEPS - 1);
      const at = new Map(cells.map(([k, band, n]) => [`${k} ${band}`, n]));
      const name = (band) => band + 1 < edges.length ? `${duration(edges[band])} to ${duration(edges[band + 1])}` : `${duration(edges[band])} and more`;
      const column = (k) => cells.filter(([place]) => place === k);
      return {
        values: [times.starts.map(() => 0)],
        bands,
        time: true,
        show: (band) => Number.isInteger(band) && band < edges.length ? duration(edges[band]) : "",
        draw(u) {
          const lists = Array.from({ length: STEPS }, () => []);
          for (const [k, band, n] of cells) lists[step(n)].push([times.starts[k], times.starts[k] + times.width, band, band + 1]);
          lists.forEach((list, tone) => boxes(u, `heat${tone}`, list, false));
        },
        read(k, band) {
          if (band !== null) return `${when(k)}, ${name(band)}: ${count(at.get(`${k} ${band}`) ?? 0)} requests`;
          const top = column(k).reduce((best, cell) => cell[2] > (best?.[2] ?? 0) ? cell : best, null);
          return `${when(k)}: ${top ? `most took ${name(top[1])}, ${count(top[2])} requests` : "no requests"}`;
        },
      };
    },
  };
  function points() { return times.starts.map((start) => [start, start + times.width]); }

  function start(figure, chart) {
    const title = figure.querySelector("h3").firstChild.textContent.trim();
    const still = figure.querySelector(".still");
    const edges = chart.edges ?? points();
    const all = { min: edges[0][0], max: edges[edges.length - 1][1] };
    const xs = edges.map(([from, to]) => (from + to) / 2);
    const about = figure.appendChild(made("p", { class: "hidden", id: `${figure.id}-about` }, `${still.getAttribute("aria-label")} ${HINT}`));
    const box = made("div", { class: "live", tabindex: "0", role: "application", "aria-roledescription": "chart", "aria-label": title, "aria-describedby": about.id });
    const read = made("p", { class: "read dim", "aria-hidden": "true" });
    const height = Number(still.getAttribute("viewBox").split(" ")[3]);
    let place = null;
    let band = null;

    const size = () => ({ width: Math.max(figure.clientWidth - 2 * parseFloat(getComputedStyle(figure).paddingLeft), 200), height });
    const axis = { stroke: () => ink("dim"), ticks: { show: false }, font: "12px ui-monospace, monospace" };
    const x = { ...axis, grid: { show: false }, space: 80, size: 26, values: chart.labels ?? timeLabels };
    if (chart.splits) x.splits = chart.splits;
    const y = { ...axis, size: 62, grid: { stroke: () => ink("frame"), width: 0.6 }, values: (_u, splits) => splits.map((value) => value === null ? null : chart.show(value)) };
    if (chart.log) y.splits = (_u, _axis, low, high) => logSplits(low, high, 1.7);
    if (chart.bands) y.splits = () => Array.from({ length: chart.bands + 1 }, (_, k) => k).filter((k) => k % 2 === 0);
    const scale = chart.log ? { distr: 3 } : chart.bands ? { range: [0, chart.bands] } : { range: (_u, _min, max) => [0, (max || 1) * 1.06] };

    /* uPlot shows the middles of the first and the last bar, where all is asked for; a bar is to be seen whole. */
    const ranged = (_u, min, max) => min <= xs[0] && max >= xs[xs.length - 1] ? [all.min, all.max] : [min, max];

    const u = new uPlot({
      ...size(),
      legend: { show: false },
      padding: [8, 22, 0, 0],
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
      cursor: {
        y: Boolean(chart.bands),
        points: { show: Boolean(chart.tones) },
        drag: { x: true, y: false, dist: 4 },
        bind: { dblclick: () => () => { zoom(all.min, all.max); } },
        ...(chart.time ? { sync: { key: "time" } } : {}),
      },
      scales: { x: { time: Boolean(chart.time), range: ranged }, y: scale },
      axes: [x, y],
      series: [{}, ...chart.values.map((_, k) => chart.tones
        ? { stroke: () => ink(chart.tones[k]), width: 1.8, spanGaps: false, points: { show: xs.length < 3, size: 6, fill: () => ink(chart.tones[k]) } }
        : { paths: () => null, points: { show: false } })],
      hooks: {
        draw: [(plot) => { if (chart.draw) clipped(plot, () => chart.draw(plot)); }],
        setCursor: [(plot) => {
          const { idx, top, left } = plot.cursor;
          const on = idx !== null && idx !== undefined && left >= 0;
          if (on) place = idx;
          const own = box.matches(":hover") && chart.bands && top >= 0;
          band = own ? Math.min(Math.max(Math.floor(plot.posToVal(top, "y")), 0), chart.bands - 1) : null;
          read.textContent = on ? chart.read(idx, band) : "drag to zoom · double click: all · keys: ← → + − 0";
        }],
        setScale: [(plot, key) => {
          if (key !== "x" || !chart.time) return;
          const { min, max } = plot.scales.x;
          for (const other of live) if (other.time && other.u !== plot && (other.u.scales.x.min !== min || other.u.scales.x.max !== max)) other.u.setScale("x", { min, max });
        }],
      },
    }, [xs, ...chart.values], box);

    /* Shows this range, within the whole. */
    function zoom(min, max) {
      const width = Math.min(Math.max(max - min, (edges[0][1] - edges[0][0]) * 2), all.max - all.min);
      const from = Math.min(Math.max(min, all.min), all.max - width);
      u.setScale("x", { min: from, max: from + width });
    }
    function closer(factor) {
      const { min, max } = u.scales.x;
      const at = place !== null && xs[place] >= min && xs[place] <= max ? xs[place] : (min + max) / 2;
      zoom(at - (at - min) * factor, at + (max - at) * factor);
    }
    function move(share) {
      const { min, max } = u.scales.x;
      zoom(min + (max - min) * share, max + (max - min) * share);
    }
    function go(to) {
      place = Math.min(Math.max(to, 0), xs.length - 1);
      const { min, max } = u.scales.x;
      if (xs[place] < min || xs[place] > max) zoom(xs[place] - (max - min) / 2, xs[place] + (max - min) / 2);
      u.setCursor({ left: u.valToPos(xs[place], "x"), top: u.over.clientHeight / 2 });
      told.textContent = chart.read(place, null);
    }
    function first() {
      const at = xs.findIndex((value) => value >= u.scales.x.min);
      return at < 0 ? 0 : at;
    }
    const KEYS = {
      ArrowLeft: (e) => e.shiftKey ? move(-0.2) : go(place === null ? first() : place - 1),
      ArrowRight: (e) => e.shiftKey ? move(0.2) : go(place === null ? first() : place + 1),
      Home: () => go(0),
      End: () => go(xs.length - 1),
      "+": () => closer(0.5),
      "=": () => closer(0.5),
      "-": () => closer(2),
      0: () => zoom(all.min, all.max),
    };
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
      KEYS[event.key](event);
      event.preventDefault();
    });

    const tool = (name, text, act) => {
      const button = made("button", { type: "button", "aria-label": `${name}: ${title}` }, text);
      button.addEventListener("click", act);
      return button;
    };
    const tools = made("div", { class: "tools", role: "group", "aria-label": `Zoom ${title}` },
      tool("Zoom in", "+", () => closer(0.5)), tool("Zoom out", "−", () => closer(2)), tool("Show all", "all", () => zoom(all.min, all.max)));
    figure.querySelector("h3").before(tools);
    still.after(box, read);
    figure.classList.add("drawn");
    u.setCursor({ left: -10, top: -10 });
    new ResizeObserver(() => { if (size().width !== u.width) u.setSize(size()); }).observe(figure);
    figure.plot = u;
    live.push({ u, time: chart.time });
  }

  for (const [id, data] of Object.entries(given)) start(document.getElementById(id), FORMS[data.form](data));
  return () => {
    inks.clear();
    for (const { u } of live) u.redraw(false, true);
  };
}

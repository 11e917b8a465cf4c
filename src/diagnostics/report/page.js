"use strict";
// Draws the report: rows of spans, memory and rates over one axis of time. All lists come from the element "data".
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const KINDS = ["task", "failed task", "to scratch", "back from scratch", "made again", "waited for memory", "waited for inputs"];
  const end = Math.max(data.length, 1);
  const view = { from: 0, to: end };
  let colours = {};

  // Whole sizes and times, as the tables have them.
  const size = (bytes) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (bytes >= 1024 && unit < 4) { bytes /= 1024; unit += 1; }
    return `${unit ? +bytes.toFixed(bytes < 10 ? 2 : 1) : Math.round(bytes)} ${units[unit]}`;
  };
  const time = (us) => {
    if (us >= 1e8) return `${Math.floor(us / 6e7)} min ${Math.round((us % 6e7) / 1e6)} s`;
    if (us >= 1e6) return `${+(us / 1e6).toFixed(us < 1e7 ? 3 : 2)} s`;
    if (us >= 1e3) return `${+(us / 1e3).toFixed(2)} ms`;
    return `${+us.toFixed(1)} µs`;
  };

  const readColours = () => {
    const style = getComputedStyle(document.documentElement);
    const names = ["ground", "raised", "ink", "soft", "line", "accent", "bad", "charged", "resident", "scratch", "limit",
      "stated", "spilled", "reloaded", "read", "busy", "wait"];
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  };

  // Rows: workers, then what waits for memory, then the thread that writes to scratch; each with its spans by start.
  const rows = [];
  const addRows = () => {
    const busy = new Map(data.busy.map((row) => [row.worker, row]));
    let workers = data.threads;
    for (const worker of busy.keys()) workers = Math.max(workers, worker + 1);
    for (let worker = 0; worker < workers; worker += 1) {
      rows.push({ name: `worker ${worker}`, short: `w${worker}`, spans: [], over: [], busy: busy.get(worker) });
    }
    const waiting = { name: "waiting", short: "wait", spans: [], over: [], thin: true };
    const writing = { name: "to scratch", short: "disk", spans: [], over: [], thin: true };
    const place = (list, of) => {
      for (let i = 0; i < list.start.length; i += 1) {
        const span = { of, i, start: list.start[i], end: list.start[i] + list.elapsed[i], kind: list.kind[i] };
        if (span.kind === 5) waiting.spans.push(span);
        else if (list.worker[i] < 0) writing.spans.push(span);
        else if (span.kind < 2) rows[list.worker[i]].spans.push(span);
        else rows[list.worker[i]].over.push(span);
      }
    };
    place(data.tasks, data.tasks);
    place(data.others, data.others);
    if (waiting.spans.length) rows.push(waiting);
    if (writing.spans.length) rows.push(writing);
    for (const row of rows) {
      for (const list of [row.spans, row.over]) {
        let latest = 0;
        // The latest end so far: where to begin to look for what is still there at a time.
        for (const span of list) { latest = Math.max(latest, span.end); span.latest = latest; }
      }
    }
  };

  // The first place in a list whose key reaches a value.
  const firstAt = (list, key, value) => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (key(list[middle]) < value) low = middle + 1; else high = middle;
    }
    return low;
  };

  const left = (width) => (width < 520 ? 34 : 76);
  const axisHeight = 20;
  const rowHeight = () => Math.max(9, Math.min(24, Math.floor(640 / Math.max(rows.length, 1))));

  const begin = (canvas, height) => {
    const width = canvas.clientWidth;
    const ratio = window.devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "11px ui-sans-serif, system-ui, sans-serif";
    pen.textBaseline = "middle";
    const start = left(width);
    const scale = (width - start - 6) / (view.to - view.from);
    return { pen, width, height, start, x: (t) => start + (t - view.from) * scale, t: (x) => view.from + (x - start) / scale };
  };

  // A round step of which some fit.
  const step = (range, most) => {
    const rough = range / Math.max(most, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  };

  const axis = (area, top) => {
    const { pen, width, x } = area;
    pen.fillStyle = colours.soft;
    pen.strokeStyle = colours.line;
    pen.textAlign = "center";
    const apart = step(view.to - view.from, (width - area.start) / 95);
    pen.beginPath();
    for (let t = Math.ceil(view.from / apart) * apart; t <= view.to; t += apart) {
      pen.moveTo(x(t), 0);
      pen.lineTo(x(t), top);
      const label = t === 0 ? "0" : time(t);
      const half = pen.measureText(label).width / 2;
      pen.fillText(label, Math.min(Math.max(x(t), area.start + half), width - half - 2), top + axisHeight / 2);
    }
    pen.stroke();
  };

  const inside = (area, draw) => {
    area.pen.save();
    area.pen.beginPath();
    area.pen.rect(area.start, 0, area.width - area.start, area.height);
    area.pen.clip();
    draw();
    area.pen.restore();
  };

  const overColour = (kind) => [null, null, "spilled", "reloaded", "read", "wait", "wait"][kind];

  const drawSpans = (area, list, top, height, colour, framed) => {
    const { pen, x } = area;
    const from = firstAt(list, (span) => span.latest, view.from);
    let drawn = -1;
    for (let i = from; i < list.length && list[i].start <= view.to; i += 1) {
      const span = list[i];
      const [a, b] = [Math.max(x(span.start), area.start), Math.min(x(span.end), area.width)];
      // What is narrower than what was drawn there would change nothing.
      if (b < drawn + 0.2 && b - a < 0.5) continue;
      drawn = Math.max(drawn, b);
      if (framed && b - a > 2) {
        pen.fillStyle = colours.ground;
        pen.fillRect(a, top - 1, b - a, height + 1);
      }
      pen.fillStyle = colour(span);
      pen.fillRect(a, top, Math.max(b - a - (b - a > 3 ? 0.6 : 0), 0.6), height);
    }
  };

  const drawStream = () => {
    const canvas = at("stream");
    const height = rowHeight();
    const area = begin(canvas, rows.length * height + axisHeight);
    const { pen } = area;
    axis(area, rows.length * height);
    rows.forEach((row, number) => {
      const top = number * height;
      pen.fillStyle = colours.soft;
      pen.textAlign = "left";
      if (height >= 12 || number % 2 === 0) pen.fillText(area.width < 520 ? row.short : row.name, 4, top + height / 2);
      inside(area, () => {
        if (row.busy && data.sampled) {
          pen.fillStyle = colours.busy;
          row.busy.shares.forEach((share, bin) => {
            const [a, b] = [area.x(bin * row.busy.width), area.x((bin + 1) * row.busy.width)];
            const full = ((height - 2) * share) / 100;
            if (share && b > area.start && a < area.width) pen.fillRect(a, top + height - 1 - full, b - a + 0.3, full);
          });
        }
        if (row.thin) {
          pen.globalAlpha = 0.55;
          drawSpans(area, row.spans, top + 2, height - 4, (span) => colours[overColour(span.kind)]);
          pen.globalAlpha = 1;
          return;
        }
        drawSpans(area, row.spans, top + 1, height - 2,
          (span) => (span.kind === 1 ? colours.bad : data.layers[span.of.layer[span.i]]?.[1] ?? colours.soft));
        const strip = Math.max(3, height * 0.32);
        drawSpans(area, row.over, top + height - 1 - strip, strip, (span) => colours[overColour(span.kind)], true);
      });
    });
  };

  // A plot of lines over time.
  const plot = (canvas, height, most, label, lines, marks) => {
    const area = begin(canvas, height + axisHeight);
    const { pen, width, x } = area;
    const y = (value) => height - 4 - (value / most) * (height - 12);
    axis(area, height);
    pen.strokeStyle = colours.line;
    pen.fillStyle = colours.soft;
    pen.textAlign = "left";
    // Round in units of 1024.
    const unit = 1024 ** Math.max(0, Math.floor(Math.log2(most) / 10));
    const apart = step(most / unit, 3.5) * unit;
    for (let value = apart; value < most * 0.97; value += apart) {
      pen.beginPath();
      pen.moveTo(area.start, y(value));
      pen.lineTo(width, y(value));
      pen.stroke();
      pen.textAlign = "right";
      const text = label(value);
      pen.fillText(width < 520 ? text.replace(/\s.*/, "") + text.replace(/^\S+\s/, "").slice(0, 1) : text, area.start - 4, y(value));
    }
    inside(area, () => {
      for (const line of lines) {
        pen.strokeStyle = line.colour;
        pen.lineWidth = 1.5;
        pen.setLineDash(line.dash || []);
        pen.beginPath();
        line.points.forEach(([t, value], i) => (i ? pen.lineTo(x(t), y(value)) : pen.moveTo(x(t), y(value))));
        pen.stroke();
        if (line.filled && line.points.length) {
          pen.lineTo(x(line.points[line.points.length - 1][0]), y(0));
          pen.lineTo(x(line.points[0][0]), y(0));
          pen.globalAlpha = 0.15;
          pen.fillStyle = line.colour;
          pen.fill();
          pen.globalAlpha = 1;
        }
      }
      for (const mark of marks) {
        pen.strokeStyle = mark.colour;
        pen.lineWidth = 1.5;
        pen.setLineDash(mark.dash);
        pen.beginPath();
        pen.moveTo(x(mark.from), y(mark.value));
        pen.lineTo(x(mark.to), y(mark.value));
        pen.stroke();
      }
      pen.setLineDash([]);
      pen.lineWidth = 1;
    });
  };

  const samples = data.samples;
  // So many pixels at least between two points: more would not be seen.
  const visible = () => {
    const from = Math.max(firstAt(samples.at, (t) => t, view.from) - 1, 0);
    const to = Math.min(firstAt(samples.at, (t) => t, view.to) + 1, samples.at.length);
    const stride = Math.max(1, Math.floor((to - from) / 2000));
    const picked = [];
    for (let i = from; i < to; i += stride) picked.push(i);
    return picked;
  };

  const drawMemory = () => {
    const picked = visible();
    const points = (column) => picked.map((i) => [samples.at[i], samples[column][i]]);
    const stated = data.runs.map((run) => ({ from: run.start, to: run.end, value: run.peak, colour: colours.stated, dash: [6, 4] }));
    const limit = data.limit ? [{ from: 0, to: end, value: data.limit, colour: colours.limit, dash: [] }] : [];
    const tops = [...samples.charged, ...samples.resident, ...samples.scratch, ...data.runs.map((run) => run.peak), 1];
    let most = tops.reduce((a, b) => Math.max(a, b));
    // A limit far above all else would press the lines to the ground.
    if (data.limit <= most * 4) most = Math.max(most, data.limit);
    const lines = [
      { colour: colours.charged, points: points("charged"), filled: true },
      { colour: colours.resident, points: points("resident") },
      { colour: colours.scratch, points: points("scratch"), dash: [2, 3] },
    ];
    plot(at("memory"), 170, most * 1.05, size, lines, [...limit, ...stated]);
    const above = data.limit > most ? `, above the picture` : "";
    legend("memory-legend", [["charged", "ledger"], ["resident", "process"], ["scratch", "on scratch (dotted)"],
      ["limit", `limit ${size(data.limit)}${above}`], ["stated", "stated peak (dashed)"]]);
  };

  // Bytes a second between samples that are a few pixels apart.
  const rates = (column) => {
    const out = [];
    const apart = (view.to - view.from) / 240;
    const from = Math.max(firstAt(samples.at, (t) => t, view.from) - 2, 0);
    let last = from;
    for (let i = from + 1; i < samples.at.length && samples.at[last] <= view.to; i += 1) {
      const elapsed = samples.at[i] - samples.at[last];
      if (elapsed < apart || elapsed <= 0) continue;
      const rate = ((samples[column][i] - samples[column][last]) / elapsed) * 1e6;
      out.push([samples.at[last], rate], [samples.at[i], rate]);
      last = i;
    }
    return out;
  };

  const drawRates = () => {
    const lines = ["spilled", "reloaded", "read"].map((column) => ({ colour: colours[column], points: rates(column) }));
    const most = Math.max(1, ...lines.map((line) => line.points.reduce((top, point) => Math.max(top, point[1]), 0)));
    plot(at("rates"), 110, most * 1.05, (value) => `${size(value)}/s`, lines, []);
    legend("rates-legend", [["spilled", "to scratch"], ["reloaded", "back from scratch"], ["read", "read from files"]]);
  };

  const chip = (parent, colour, text) => {
    const item = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.className = "swatch";
    swatch.style.background = colour;
    item.append(swatch, text);
    parent.append(item);
  };
  const legend = (id, entries) => {
    const parent = at(id);
    parent.replaceChildren();
    for (const [colour, text] of entries) chip(parent, colours[colour] ?? colour, text);
  };

  // The layers that took longest, those of one name and colour once however many runs had them; and what the strips mean.
  const streamLegend = () => {
    const sums = new Map();
    data.tasks.layer.forEach((layer, i) => {
      const [name, colour] = data.layers[layer];
      const looks = JSON.stringify([colour, name]);
      sums.set(looks, (sums.get(looks) ?? 0) + data.tasks.elapsed[i]);
    });
    const longest = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 12);
    const entries = longest.map(([looks]) => JSON.parse(looks));
    if (sums.size > longest.length) entries.push(["transparent", `and ${sums.size - longest.length} more layers`]);
    const kinds = new Set(data.others.kind);
    if (data.tasks.kind.includes(1)) kinds.add(1);
    for (const kind of kinds) entries.push([kind === 1 ? "bad" : overColour(kind), KINDS[kind]]);
    legend("legend", entries);
  };

  let due = false;
  const draw = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      drawStream();
      drawMemory();
      drawRates();
    });
  };

  const show = (from, to) => {
    const least = 1;
    let length = Math.min(Math.max(to - from, least), end);
    view.from = Math.min(Math.max(from, 0), end - length);
    view.to = view.from + length;
    draw();
  };
  const zoom = (factor, around = (view.from + view.to) / 2) =>
    show(around - (around - view.from) * factor, around + (view.to - around) * factor);

  // The span at a place: what lies on top first.
  const spanAt = (x, y) => {
    const row = rows[Math.floor(y / rowHeight())];
    const canvas = at("stream");
    const start = left(canvas.clientWidth);
    if (!row || x < start) return null;
    const perPixel = (view.to - view.from) / (canvas.clientWidth - start - 6);
    const t = view.from + (x - start) * perPixel;
    const slack = 1.5 * perPixel;
    const inStrip = (y % rowHeight()) / rowHeight() > 0.64;
    const lists = row.thin ? [row.spans] : inStrip ? [row.over, row.spans] : [row.spans, row.over];
    for (const list of lists) {
      let best = null;
      for (let i = firstAt(list, (span) => span.start, t + slack) - 1, tries = 0; i >= 0 && tries < 400; i -= 1, tries += 1) {
        const span = list[i];
        if (span.latest < t - slack) break;
        if (span.end >= t - slack && (!best || span.end - span.start < best.end - best.start)) best = span;
      }
      if (best) return best;
    }
    return null;
  };

  const told = (span) => {
    const { of, i, kind } = span;
    const layer = data.layers[of.layer[i]];
    const place = of.place[i];
    const name = place.startsWith("(") || !place ? (layer?.[0] ?? "") + place : place;
    const lines = [kind === 0 ? name : `${KINDS[kind]}: ${name}`, `${time(of.elapsed[i])}, after ${time(of.start[i])}`];
    if (of.worker[i] >= 0) lines.push(`worker ${of.worker[i]}`);
    if (of.bytes[i]) lines.push(kind < 2 ? `${size(of.bytes[i])} of output` : `${size(of.bytes[i])}, ${size(of.stored[i])} stored`);
    if (data.runs.length > 1 && layer) lines.push(`run ${layer[2]}`);
    return lines.join("\n");
  };

  const tip = at("tip");
  const showTip = (text, x, y) => {
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, window.innerWidth - box.width - 4))}px`;
    tip.style.top = `${y + 18 + box.height > window.innerHeight ? Math.max(4, y - box.height - 12) : y + 18}px`;
  };

  const memoryAt = (t) => {
    if (!samples.at.length) return "";
    const i = Math.min(firstAt(samples.at, (own) => own, t), samples.at.length - 1);
    return `after ${time(samples.at[i])}\nledger ${size(samples.charged[i])}\nprocess ${size(samples.resident[i])}\n` +
      `on scratch ${size(samples.scratch[i])}\nto scratch so far ${size(samples.spilled[i])}\nread so far ${size(samples.read[i])}`;
  };

  // Pointers: one drags, two pinch.
  const listen = (canvas, tell) => {
    const pointers = new Map();
    const placeOf = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const perPixel = () => (view.to - view.from) / (canvas.clientWidth - left(canvas.clientWidth) - 6);
    const timeAt = (x) => view.from + (x - left(canvas.clientWidth)) * perPixel();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, placeOf(event)[0]);
      const [x, y] = placeOf(event);
      showTip(tell(x, y, timeAt(x)), event.clientX, event.clientY);
    });
    const gone = (event) => pointers.delete(event.pointerId);
    canvas.addEventListener("pointerup", gone);
    canvas.addEventListener("pointercancel", gone);
    canvas.addEventListener("pointerleave", () => showTip(""));
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = placeOf(event);
      const before = pointers.get(event.pointerId);
      if (before === undefined) return showTip(tell(x, y, timeAt(x)), event.clientX, event.clientY);
      if (pointers.size === 1) {
        const moved = (x - before) * perPixel();
        if (Math.abs(x - before) > 1) { show(view.from - moved, view.to - moved); showTip(""); pointers.set(event.pointerId, x); }
      } else {
        const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
        const [old, now] = [Math.abs(before - other), Math.abs(x - other)];
        if (old > 8 && now > 8) zoom(old / now, timeAt((x + other) / 2));
        pointers.set(event.pointerId, x);
      }
    });
    canvas.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        zoom(Math.exp(event.deltaY * 0.0025), timeAt(placeOf(event)[0]));
      } else if (event.deltaX) {
        event.preventDefault();
        const moved = event.deltaX * perPixel();
        show(view.from + moved, view.to + moved);
      }
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => zoom(0.4, timeAt(placeOf(event)[0])));
    canvas.addEventListener("keydown", (event) => {
      const quarter = (view.to - view.from) / 4;
      const act = {
        ArrowLeft: () => show(view.from - quarter, view.to - quarter),
        ArrowRight: () => show(view.from + quarter, view.to + quarter),
        "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => show(0, end),
      }[event.key];
      if (act) { event.preventDefault(); act(); }
    });
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.addEventListener("click", () => {
      const down = column === 0 ? head.getAttribute("aria-sort") === "ascending" : head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => (column === 0 ? row.cells[0].textContent : Number(row.cells[column].dataset.n));
      const compare = (a, b) => (column === 0 ? key(a).localeCompare(key(b), undefined, { numeric: true }) : key(a) - key(b));
      body.append(...[...body.rows].sort((a, b) => (down ? compare(b, a) : compare(a, b))));
    }));
  };

  // Graphs begin as wide as there is room, unless that makes them too small to read.
  const scales = new Map();
  const sizeGraph = (figure, factor) => {
    const svg = figure.querySelector("svg");
    const whole = svg.viewBox.baseVal.width;
    const room = figure.querySelector(".scroll").clientWidth - 2;
    if (room <= 0) return;
    const scale = factor ? (scales.get(figure) ?? 1) * factor : Math.min(1, Math.max(room / whole, 0.3));
    scales.set(figure, scale);
    svg.setAttribute("width", whole * scale);
    svg.setAttribute("height", svg.viewBox.baseVal.height * scale);
  };
  const graphs = [...document.querySelectorAll("details.graph")];
  for (const figure of graphs) figure.addEventListener("toggle", () => scales.has(figure) || sizeGraph(figure));

  const colourGraphs = (by) => {
    for (const figure of graphs) {
      const picture = data.pictures[figure.dataset.run][by];
      figure.querySelector(".caption").textContent = picture.caption;
      figure.querySelectorAll(".node").forEach((node, i) => {
        node.querySelector("rect").setAttribute("fill", picture.fills[i][0]);
        node.querySelector("text").setAttribute("fill", picture.fills[i][1]);
      });
    }
  };

  readColours();
  addRows();
  // Most time goes by before the first run and after the last: begin with what they were.
  if (data.runs.length) {
    const from = Math.min(...data.runs.map((run) => run.start));
    const to = Math.max(...data.runs.map((run) => run.end));
    const margin = (to - from) * 0.01;
    show(from - margin, to + margin);
  }
  streamLegend();
  draw();
  listen(at("stream"), (x, y) => { const span = spanAt(x, y); return span ? told(span) : ""; });
  for (const id of ["memory", "rates"]) listen(at(id), (x, y, t) => memoryAt(t));
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => ({ in: () => zoom(0.5), out: () => zoom(2), all: () => show(0, end) })[button.dataset.zoom]());
  }
  for (const button of document.querySelectorAll("[data-scale]")) {
    button.addEventListener("click", () => graphs.filter((figure) => figure.open).forEach((figure) => sizeGraph(figure, Number(button.dataset.scale))));
  }
  sortable(at("layers"));
  graphs.forEach((figure) => sizeGraph(figure));
  at("colour")?.addEventListener("change", (event) => colourGraphs(event.target.value));
  window.addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); streamLegend(); draw(); });
  const created = at("created");
  created.textContent = `profile of a thermocline session, ${new Date(created.dataset.unix * 1000).toLocaleString()}`;
  document.documentElement.dataset.ready = "yes";
})();

"use strict";
// Draws the charts from the data beside them, by D3 and Observable Plot, which stand before this script in the page. Every chart has a
// table with the same numbers, so nothing here is needed to read the page.
(() => {
  const SUBJECTS = ["ours", "ours-1", "bumpalo", "bumpalo-8", "oxc", "typed-arena", "system", "mimalloc-3", "mimalloc-3-4k", "mimalloc-2",
    "snmalloc", "rpmalloc-1.4", "jemalloc", "gperftools", "glibc", "bumpalo-mimalloc", "bumpalo-mimalloc-4k"];
  // Names that share the colour of another subject, with which they never stand in one chart.
  const SAME = { "rpmalloc-1.4": "rpmalloc", glibc: "system", "bumpalo-mimalloc": "mimalloc-3", "bumpalo-mimalloc-4k": "mimalloc-3-4k" };
  const colour = (subject) => (SUBJECTS.includes(subject) ? `var(--${SAME[subject] ?? subject})` : "var(--muted)");
  const SYMBOLS = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond2, d3.symbolStar, d3.symbolCross, d3.symbolWye,
    d3.symbolSquare2, d3.symbolTriangle2, d3.symbolDiamond];
  const symbol = (subjects) => (subject) => SYMBOLS[subjects.indexOf(subject) % SYMBOLS.length];
  const MIB = 2 ** 20;
  const whole = d3.format(",");
  const seconds = (ms) => `${d3.format(".3~f")(ms / 1000)} s`;
  const distinct = (rows, key) => [...new Set(rows.map(key))];

  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  /** A list of names with the mark each has in the chart. */
  function legend(entries) {
    const list = element("ul", { class: "legend" });
    for (const { name, fill, stroke, shape = d3.symbolSquare } of entries) {
      const svg = d3.create("svg").attr("viewBox", "-7 -7 14 14").attr("aria-hidden", "true");
      svg.append("path").attr("d", d3.symbol(shape, 80)()).attr("fill", fill ?? "none").attr("stroke", stroke ?? "none").attr("stroke-width", 1.5);
      list.append(element("li", {}, svg.node(), name));
    }
    return list;
  }

  function plot(width, options) {
    return Plot.plot({ width, marginTop: 24, marginRight: 16, marginBottom: 34, ...options, style: { background: "none", fontFamily: "inherit", fontSize: "12px", overflow: "visible" } });
  }

  /** The width of the longest text, about. */
  const room = (texts, perCharacter = 7) => Math.ceil(Math.max(...texts.map((text) => text.length)) * perCharacter) + 14;

  /** One panel a profile, the largest first, in two columns where there is room. */
  function panels(host, rows, draw) {
    const grid = element("div", { class: "panels" });
    host.append(grid);
    const profiles = d3.groupSort(rows, (of) => -of.length, (row) => row.profile);
    const parts = profiles.map((profile) => {
      const part = element("div", {}, element("h4", {}, profile));
      grid.append(part);
      return part;
    });
    profiles.forEach((profile, index) => parts[index].append(draw(rows.filter((row) => row.profile === profile), parts[index].clientWidth, profile)));
  }

  const KINDS = {
    resident(host, data, width) {
      const points = data.series.flatMap(({ name, points }) => points.map(([ms, bytes]) => ({ name, ms, mib: bytes / MIB })));
      const rounds = data.series.flatMap(({ name, rounds }) => rounds.slice(0, -1).map((ms) => ({ name, ms })));
      host.append(legend(data.series.map(({ name }) => ({ name, fill: colour(name) }))));
      host.append(plot(width, {
        height: 300, marginLeft: 44,
        x: { label: "time since the run began", tickFormat: seconds },
        y: { label: "MiB", grid: true, zero: true, nice: true },
        marks: [
          Plot.ruleX(rounds, { x: "ms", stroke: (row) => colour(row.name), strokeDasharray: "1,4", strokeOpacity: 0.8 }),
          Plot.lineY(points, { x: "ms", y: "mib", z: "name", stroke: (row) => colour(row.name), strokeWidth: 1.8 }),
          Plot.ruleY([0], { strokeOpacity: 0.5 }),
          Plot.tip(points, Plot.pointer({ x: "ms", y: "mib", title: (row) => `${row.name}\n${d3.format(",.1f")(row.mib)} MiB after ${seconds(row.ms)}` })),
        ],
      }));
    },

    threads(host, data, width) {
      const rows = data.rows.map(([thread, pass, began, ended, used]) => ({ thread: `thread ${thread}`, pass: data.passes[pass], began, ended, mib: used / MIB }));
      const isRetained = (row) => row.pass === "lex";
      const units = rows.filter((row) => !isRetained(row));
      const retained = rows.filter(isRetained);
      // What is retained is gone at the end of the round.
      for (const thread of distinct(rows, (row) => row.thread)) {
        for (const ms of [0, ...data.rounds]) retained.push({ thread, ended: ms, mib: 0 });
      }
      retained.sort((a, b) => a.ended - b.ended);
      const fill = (pass) => (pass === "lex" ? "var(--weak)" : pass === "preprocess" ? "var(--oxc)" : "var(--typed-arena)");
      host.append(legend(data.passes.map((pass) => ({ name: pass === "lex" ? "lex, retained" : `${pass}, a block a unit`, fill: fill(pass) }))));
      const threads = distinct(rows, (row) => row.thread).sort();
      host.append(plot(width, {
        height: 60 + 170 * threads.length, marginLeft: 44, marginRight: 66,
        fy: { label: null, domain: threads },
        x: { label: "time since the run began", tickFormat: seconds },
        y: { label: "MiB asked for", grid: true, nice: true },
        marks: [
          Plot.areaY(retained, { fy: "thread", x: "ended", y: "mib", fill: "var(--weak)", curve: "step-after" }),
          Plot.lineY(retained, { fy: "thread", x: "ended", y: "mib", stroke: "var(--ours)", strokeWidth: 1, curve: "step-after" }),
          Plot.rect(units, { fy: "thread", x1: "began", x2: "ended", y1: 0, y2: "mib", fill: (row) => fill(row.pass) }),
          Plot.ruleX(data.rounds, { strokeDasharray: "1,4", strokeOpacity: 0.6 }),
          Plot.ruleY([0], { strokeOpacity: 0.5 }),
          Plot.tip(units, Plot.pointerX({ fy: "thread", x: "began", y: "mib", title: (row) => `${row.pass}: ${d3.format(",.2f")(row.mib)} MiB\n${seconds(row.began)} to ${seconds(row.ended)}` })),
        ],
      }));
    },

    account(host, data, width) {
      const rows = data.points.map(([ms, live, committed]) => ({ ms, live: live / MIB, committed: committed / MIB }));
      host.append(legend([{ name: "held by arenas", fill: "var(--strong)" }, { name: "committed, idle and warm", fill: "var(--weak)" }]));
      host.append(plot(width, {
        height: 260, marginLeft: 44,
        x: { label: "time since the run began", tickFormat: seconds },
        y: { label: "MiB", grid: true, zero: true, nice: true },
        marks: [
          Plot.areaY(rows, { x: "ms", y1: 0, y2: "committed", fill: "var(--weak)" }),
          Plot.areaY(rows, { x: "ms", y1: 0, y2: "live", fill: "var(--strong)" }),
          Plot.ruleY([0], { strokeOpacity: 0.5 }),
          Plot.tip(rows, Plot.pointerX({ x: "ms", y: "committed", title: (row) => `held ${d3.format(",.1f")(row.live)} MiB\ncommitted ${d3.format(",.1f")(row.committed)} MiB\nafter ${seconds(row.ms)}` })),
        ],
      }));
    },

    groups(host, data, width) {
      const subjects = distinct(data.rows, (row) => row.subject);
      const groups = distinct(data.rows, (row) => row.group);
      const name = (group) => (typeof group === "number" ? `${data.group} ${group}` : group);
      // One line a bar; between groups a line that is empty, or that has the group's name where names are long.
      const LINE = 22;
      const isLong = d3.max(groups, (group) => name(group).length) > 14;
      const key = (row) => `${row.group}/${row.subject}`;
      const of = (group) => data.rows.filter((row) => row.group === group);
      const lines = groups.flatMap((group, index) => [...(isLong || index > 0 ? [`${group}/`] : []), ...of(group).map(key)]);
      const left = isLong ? 1 : room(groups.map(name));
      host.append(legend(subjects.map((subject) => ({ name: subject, fill: colour(subject) }))));
      host.append(plot(width, {
        height: 42 + lines.length * LINE, marginTop: 8, marginLeft: left, marginRight: 70,
        y: { axis: null, domain: lines, padding: 0.15 },
        x: { label: `${data.unit} →`, grid: true, ticks: width < 520 ? 3 : 7, zero: true, labelArrow: false },
        marks: [
          isLong
            ? Plot.text(groups, { y: (group) => `${group}/`, x: 0, textAnchor: "start", dx: 1, dy: 3, text: name, fontWeight: 600, stroke: "var(--panel)", strokeWidth: 5, fill: "currentColor" })
            : Plot.text(groups, { y: (group) => key(of(group)[0]), frameAnchor: "left", textAnchor: "end", dx: -10, dy: (LINE / 2) * (subjects.length - 1), text: name }),
          Plot.barX(data.rows, { y: key, x: "value", fill: (row) => colour(row.subject), title: (row) => `${row.subject}, ${name(row.group)}: ${whole(row.value)} ${data.unit}` }),
          Plot.text(data.rows, { y: key, x: "value", text: (row) => whole(row.value), textAnchor: "start", dx: 6 }),
          Plot.ruleX([0]),
        ],
      }));
    },

    shares(host, data, width) {
      const rows = data.rows.flatMap(({ round, pass, warm, cold }) => {
        const all = warm + cold || 1;
        return [{ round, pass, kind: "warm", from: 0, to: warm / all, count: warm }, { round, pass, kind: "cold", from: warm / all, to: 1, count: cold }];
      });
      const fill = (row) => (row.kind === "warm" ? "var(--warm)" : "var(--cold)");
      const label = (row) => `${whole(row.warm)} warm, ${whole(row.cold)} cold`;
      const passes = distinct(data.rows, (row) => row.pass);
      const rounds = distinct(data.rows, (row) => row.round);
      const narrow = width < 520;
      host.append(legend([{ name: "warm", fill: "var(--warm)" }, { name: "cold", fill: "var(--cold)" }]));
      host.append(plot(width, {
        height: 44 + rounds.length * (passes.length * (narrow ? 38 : 24) + 14), marginTop: 8, marginLeft: narrow ? 84 : 150, marginRight: narrow ? 16 : room(data.rows.map(label), 6.5),
        fy: { axis: null, domain: rounds, padding: 0.1 },
        y: { label: null, domain: passes, padding: 0.2, tickSize: 0 },
        x: { label: null, percent: true, domain: [0, 100], ticks: 5, tickFormat: (share) => `${share} %` },
        marks: [
          ...(narrow ? [] : [Plot.text(rounds, { fy: (round) => round, frameAnchor: "left", textAnchor: "start", dx: -144, text: (round) => `round ${round}`, fontWeight: 600 })]),
          Plot.barX(rows, { fy: "round", y: "pass", x1: "from", x2: "to", fill, insetTop: narrow ? 16 : 0, title: (row) => `round ${row.round}, ${row.pass}: ${whole(row.count)} ${row.kind}` }),
          narrow
            ? Plot.text(data.rows, { fy: "round", y: "pass", x: 0, text: (row) => `round ${row.round}: ${label(row)}`, textAnchor: "start", dy: -9 })
            : Plot.text(data.rows, { fy: "round", y: "pass", x: 1, text: label, textAnchor: "start", dx: 8 }),
        ],
      }));
    },

    waste(host, data, width) {
      const faces = distinct(data.rows, (row) => row.face);
      const fill = (row) => (row.face === "layout" ? "var(--bumpalo)" : "var(--strong)");
      host.append(legend(faces.map((face) => ({ name: `face ${face}`, fill: fill({ face }) }))));
      host.append(plot(width, {
        height: 280, marginLeft: 44,
        x: { type: "log", base: 2, label: "bytes of the request →", labelArrow: false, ticks: width < 520 ? [1, 16, 256, 4096, 32768] : [1, 8, 16, 64, 256, 1024, 4096, 16384, 32768], tickFormat: whole },
        y: { label: "% of the block unused, at worst", grid: true, domain: [0, 100] },
        marks: [
          Plot.rect(data.rows, { x1: (row) => Math.max(row.min - 1, 0.8), x2: "max", y1: 0, y2: "waste", fill, insetRight: 0.5, title: (row) => `${whole(row.min)} to ${whole(row.max)} bytes: at most ${row.waste} % unused` }),
          Plot.ruleY([0]),
        ],
      }));
    },

    counts(host, data, width) {
      const { subjects } = data;
      const shape = symbol(subjects);
      host.append(legend(subjects.map((name) => ({ name, fill: colour(name), shape: shape(name) }))));
      const domain = d3.extent(data.rows, (row) => Math.max(row.value, 1));
      panels(host, data.rows, (rows, room_) => {
        const paths = distinct(rows, (row) => row.path);
        const spans = d3.groups(rows, (row) => row.path).map(([path, of]) => ({ path, low: d3.min(of, (row) => row.value), high: d3.max(of, (row) => row.value) }));
        return plot(room_, {
          height: 44 + paths.length * 24, marginTop: 6, marginLeft: room(paths), marginRight: 20,
          x: { type: "log", domain, nice: true, grid: true, label: "instructions →", labelArrow: false, ticks: [1, 10, 100, 1000], tickFormat: whole },
          y: { domain: paths, label: null, tickSize: 0 },
          marks: [
            Plot.ruleY(spans, { y: "path", x1: "low", x2: "high", strokeOpacity: 0.35 }),
            Plot.dot(rows.filter((row) => row.subject !== "ours"), { x: "value", y: "path", fill: (row) => colour(row.subject), symbol: (row) => shape(row.subject), r: 4, title: (row) => `${row.subject}: ${row.value}` }),
            Plot.dot(rows.filter((row) => row.subject === "ours"), { x: "value", y: "path", fill: "var(--ours)", symbol: shape("ours"), r: 5.5, stroke: "var(--panel)", title: (row) => `${row.subject}: ${row.value}` }),
          ],
        });
      });
    },

    bars(host, data) {
      const most = Math.max(1.08, (d3.max(data.rows, (row) => row.share) ?? 1) * 1.02);
      const fill = (row) => (row.floor ? "none" : row.met ? "var(--strong)" : "var(--bad)");
      const stroke = (row) => (row.met ? "var(--strong)" : "var(--bad)");
      panels(host, data.rows, (rows, width) => {
        const narrow = d3.max(rows, (row) => (row.name.length + row.text.length) * 6.4) + 20 > width;
        const line = narrow ? 52 : 36;
        const keyed = rows.map((row, index) => ({ ...row, index }));
        return plot(width, {
          height: 34 + rows.length * line, marginTop: 4, marginLeft: 1, marginRight: 1, marginBottom: 30,
          x: { domain: [0, most], label: null, ticks: d3.range(0, most, most > 2 ? 1 : 0.5), tickFormat: d3.format(".0%") },
          y: { axis: null, domain: keyed.map((row) => row.index), padding: 0 },
          marks: [
            Plot.barX(keyed, { y: "index", x1: 0, x2: most, fill: "var(--sunken)", insetTop: line - 16, insetBottom: 6 }),
            Plot.barX(keyed, { y: "index", x1: 0, x2: "share", fill, stroke, insetTop: line - 16, insetBottom: 6, title: (row) => row.text }),
            Plot.tickX(keyed.filter((row) => row.aim !== null), { y: "index", x: "aim", stroke: "var(--bumpalo)", strokeWidth: 2.5, insetTop: line - 19, insetBottom: 3 }),
            Plot.tickX(keyed, { y: "index", x: 1, stroke: "var(--text)", strokeWidth: 2, insetTop: line - 19, insetBottom: 3 }),
            Plot.text(keyed, { y: "index", x: 0, text: "name", textAnchor: "start", lineAnchor: "top", dy: -line / 2 + 3, fontWeight: 600, lineWidth: width / 14, textOverflow: "ellipsis" }),
            Plot.text(keyed, narrow
              ? { y: "index", x: 0, text: "text", textAnchor: "start", lineAnchor: "top", dy: -line / 2 + 18, fill: "var(--muted)" }
              : { y: "index", x: most, text: "text", textAnchor: "end", lineAnchor: "top", dy: -line / 2 + 3, fill: "var(--muted)" }),
          ],
        });
      });
    },

    ratios(host, data, width) {
      const { peers } = data;
      const shape = symbol(["ours", ...peers]);
      const best = data.rows.filter((row) => row.best);
      const others = data.rows.filter((row) => !row.best);
      const workloads = distinct(data.rows, (row) => row.workload);
      const values = [...data.rows.map((row) => row.median), ...best.flatMap((row) => row.range), 1].filter((value) => value > 0);
      const narrow = width < 560;
      const [low, high] = [d3.min(values) / 1.15, d3.max(values) * 1.15];
      const ticks = [-2, -1, 0, 1].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power)).filter((tick) => tick >= low && tick <= high);
      host.append(legend(peers.map((name) => ({ name: `by ${name}`, fill: colour(name), shape: shape(name) }))));
      host.append(plot(width, {
        height: 50 + workloads.length * 28, marginTop: 8, marginLeft: room(workloads, narrow ? 6.6 : 7), marginRight: narrow ? 12 : room(peers),
        x: { type: "log", domain: [low, high], grid: true, label: "ours by theirs →", labelArrow: false, ticks, tickFormat: "~g" },
        y: { domain: workloads, label: null, tickSize: 0 },
        marks: [
          Plot.ruleX([1], { stroke: "var(--text)", strokeWidth: 1.5 }),
          Plot.dot(others, { x: "median", y: "workload", fill: (row) => colour(row.peer), fillOpacity: 0.75, symbol: (row) => shape(row.peer), r: 3, title: (row) => `${row.workload} by ${row.peer}: ${row.median}` }),
          Plot.ruleY(best, { y: "workload", x1: (row) => row.range[0], x2: (row) => row.range[1], stroke: (row) => colour(row.peer), strokeWidth: 1.5 }),
          Plot.ruleY(best.filter((row) => row.sure), { y: "workload", x1: (row) => row.sure[0], x2: (row) => row.sure[1], stroke: (row) => colour(row.peer), strokeWidth: 6, strokeOpacity: 0.55, strokeLinecap: "round" }),
          Plot.dot(best, { x: "median", y: "workload", fill: (row) => colour(row.peer), stroke: "var(--panel)", symbol: (row) => shape(row.peer), r: 5, title: (row) => `${row.workload} by ${row.peer}: ${row.median}` }),
          ...(narrow ? [] : [Plot.text(best, { y: "workload", frameAnchor: "right", textAnchor: "start", dx: 10, text: "peer", fill: (row) => colour(row.peer) })]),
        ],
      }));
    },

    cases(host, data, width) {
      const squares = data.rows.flatMap(({ profile, coverage, positive, negative, missed, names }) =>
        d3.range(positive + negative).map((index) => ({ profile, coverage, index, isPositive: index < positive, isMissed: index >= positive + negative - missed, names })));
      const most = d3.max(squares, (row) => row.index) + 1;
      const marks = (squares, facets) => [
        Plot.dot(squares, { ...facets, x: "index", symbol: "square", r: 6.5, fill: (row) => (row.isPositive ? "var(--strong)" : "var(--panel)"), stroke: "var(--strong)", strokeWidth: 2, title: (row) => row.names.join("\n") }),
        Plot.dot(squares.filter((row) => row.isMissed), { ...facets, x: "index", symbol: "times", r: 7, stroke: "var(--bad)", strokeWidth: 3 }),
      ];
      host.append(legend([{ name: "positive: must complete", fill: "var(--strong)" }, { name: "negative: must be refused, or report", fill: "var(--panel)", stroke: "var(--strong)" }]));
      const x = { axis: null, domain: [-0.6, most - 0.4] };
      if (width >= 720) {
        host.append(plot(width, {
          height: 40 + 36 * data.profiles.length, marginTop: 30, marginBottom: 4, marginLeft: room(data.profiles), marginRight: 4, x,
          fx: { domain: data.coverages, label: null, axis: "top", padding: 0.04, tickSize: 0 },
          fy: { domain: data.profiles, label: null, axis: "left", padding: 0.08, tickSize: 0 },
          marks: [Plot.frame({ stroke: "var(--line)", fill: "var(--sunken)", rx: 5 }), ...marks(squares, { fx: "coverage", fy: "profile" })],
        }));
        return;
      }
      panels(host, data.rows, (rows, room_, profile) => plot(room_, {
        height: 8 + 24 * rows.length, marginTop: 2, marginBottom: 2, marginLeft: room(data.coverages), marginRight: 4, x,
        y: { domain: data.coverages, label: null, tickSize: 0 },
        marks: marks(squares.filter((row) => row.profile === profile), { y: "coverage" }),
      }));
    },
  };

  function draw(host) {
    const width = Math.floor(host.clientWidth);
    if (width === 0 || Number(host.dataset.width) === width) return;
    host.dataset.width = width;
    const figure = host.closest("figure");
    host.replaceChildren();
    try {
      KINDS[host.dataset.kind](host, JSON.parse(document.getElementById(host.dataset.source).textContent), width);
    } catch (error) {
      host.replaceChildren(element("p", { class: "note" }, "The chart could not be drawn; the table below says the same."));
      console.error(host.dataset.kind, error);
    }
    const title = figure.querySelector("h3").textContent;
    for (const svg of host.querySelectorAll("svg:not([aria-hidden])")) {
      const panel = svg.parentElement.querySelector(":scope > h4")?.textContent;
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", `Chart: ${title}${panel ? `, ${panel}` : ""}. The table below has the numbers.`);
    }
  }

  const charts = [...document.querySelectorAll(".chart")];
  charts.forEach(draw);
  let waiting = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => charts.forEach(draw));
  }).observe(document.querySelector("main"));
})();

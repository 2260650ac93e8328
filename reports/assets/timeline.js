// The operation timeline: a lane for each client, a bar from each invocation to its completion.
// Whatever is narrower than a pixel is drawn once per pixel, so that the cost of a frame is that of
// the pixels and not of the operations.
"use strict";
Schism.timeline = (() => {
  const figure = document.getElementById("timeline-figure");
  if (!figure) return null;
  const OUTCOMES = ["ok", "fail", "info"];
  const { end, text } = Schism;
  let plane, ops, lanes, laneHeight, chosen = null;
  // Operations of witnesses, and those that witnesses are about though they show nothing alone.
  let shown, about;
  // What the others are paler than: the objects of the violation that was jumped to.
  let objects = null;
  const laneTop = (lane) => plane.top + lane * laneHeight;

  function start() {
    const data = Schism.data();
    ops = data.ops;
    lanes = Array.from({ length: ops.lanes }, () => []);
    ops.lane.forEach((lane, i) => lanes[lane].push(i));
    shown = new Set(data.witnesses.flatMap((w) => Schism.operations(w.records)));
    about = new Set(data.witnesses.flatMap((w) => Schism.operations(w.about)));
    const view = data.witnesses.length ? around(data.witnesses[0]) : [0, data.duration];
    plane = new Schism.Plane(figure, {
      whole: [0, data.duration], view, left: 86,
      paint, pick, tell, choose, items,
    });
    if (data.witnesses.length) single(data.witnesses[0]);
    release.addEventListener("click", () => single(null));
    figure.querySelector(".controls").append(release);
    laneHeight = (plane.canvas.clientHeight - plane.top - plane.bottom - 4) / ops.lanes;
  }

  const release = Schism.button("Show all operations alike");

  /** Makes operations on other objects than those of a witness pale, so that its own stand out. */
  function single(witness) {
    const own = witness ? Schism.operations([...witness.records, ...witness.about]) : [];
    const keys = new Set(own.map((i) => ops.key[i]));
    objects = own.length && !keys.has(-1) ? keys : null;
    release.hidden = !objects;
    plane.redraw();
  }

  /** A witness with some of what surrounds it. */
  function around({ from, until }) {
    const margin = Math.max((until - from) * 0.4, 2000);
    return [from - margin, until + margin];
  }

  /** Position in a lane of the first operation that ends after a time. */
  function firstAfter(lane, time) {
    let [low, high] = [0, lane.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (end(lane[middle]) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function paint(context) {
    const bar = Math.max(1, laneHeight - (laneHeight > 8 ? 4 : 1));
    const colours = OUTCOMES.map(Schism.colour);
    const framed = [];
    if (ops.crowd) crowd(context, colours);
    lanes.forEach((lane, number) => {
      const top = laneTop(number);
      if (laneHeight >= 12) plane.label(ops.names[number], top + laneHeight / 2);
      // How far each colour has been painted, pale and full.
      const drawn = [-1, -1, -1, -1, -1, -1];
      for (let at = firstAfter(lane, plane.from); at < lane.length; at++) {
        const i = lane[at];
        if (ops.begin[i] > plane.until) break;
        const kind = ops.outcome[i];
        const from = plane.x(ops.begin[i]);
        const until = plane.x(end(i));
        if (shown.has(i) || about.has(i) || i === chosen) framed.push([i, from, until, top]);
        const pale = objects !== null && !objects.has(ops.key[i]);
        const look = kind + (pale ? 3 : 0);
        if (until <= drawn[look]) continue;
        const left = Math.max(from, drawn[look], plane.left - 2);
        const width = Math.max(1, Math.min(until, plane.width + 2) - left - (until - from > 6 ? 1 : 0));
        context.globalAlpha = pale ? 0.3 : 1;
        context.fillStyle = colours[kind];
        context.fillRect(left, top, width, bar);
        // An unknown outcome may come true at any later time: its bar is left open, up to where its
        // client goes on.
        if (kind === 2) {
          const next = lane[at + 1];
          context.globalAlpha *= 0.5;
          context.fillRect(left + width, top + bar / 2 - 1, (next ? plane.x(ops.begin[next]) : plane.width) - left - width, 2);
        }
        context.globalAlpha = 1;
        drawn[look] = Math.ceil(left + width);
        if (bar >= 12 && width > 34) {
          const start = Math.max(from, plane.left) + 4;
          context.fillStyle = Schism.colour(pale ? "ink" : "on-" + OUTCOMES[kind]);
          context.textAlign = "left";
          context.fillText(Schism.fit(context, text(i), until - start - 4), start, top + bar / 2 + 0.5);
        }
      }
    });
    for (const [i, from, until, top] of framed) {
      context.strokeStyle = Schism.colour(i === chosen ? "ink" : "bad");
      context.lineWidth = 3;
      context.setLineDash(i === chosen || shown.has(i) ? [] : [6, 4]);
      context.strokeRect(from - 2, top - 2, Math.max(until - from, 2) + 4, bar + 4);
    }
    context.lineWidth = 1;
    context.setLineDash([]);
    if (bar >= 12 && framed.length < 200) beside(context, framed, bar);
  }

  /** Operations that are only counted: for each bin a column, as high as there were many. */
  function crowd(context, colours) {
    const { between, bin, counts } = ops.crowd;
    const bottom = plane.height - plane.bottom;
    const most = Math.max(...counts.map((bin) => bin[0] + bin[1] + bin[2]), 1);
    const share = (bottom - plane.top - 16) / most;
    counts.forEach((bins, number) => {
      const from = plane.x(number * bin), until = plane.x((number + 1) * bin);
      if (until < plane.left || from > plane.width) return;
      const apart = (number + 1) * bin > between[0] && number * bin < between[1];
      context.globalAlpha = apart ? 0.15 : 0.6;
      let top = bottom;
      bins.forEach((count, kind) => {
        context.fillStyle = colours[kind];
        context.fillRect(from, top - count * share, Math.max(until - from, 1), count * share);
        top -= count * share;
      });
    });
    context.globalAlpha = 1;
    const [from, until] = between.map((time) => plane.x(time));
    context.fillStyle = Schism.colour("muted");
    context.textAlign = "center";
    const note = (left, right) => {
      const text = Schism.fit(context, `counted, not drawn: up to ${most} in ${Schism.duration(bin)}`, right - left - 8);
      if (text) context.fillText(text, (left + right) / 2, plane.top + 8);
    };
    note(plane.left, Math.min(from, plane.width));
    note(Math.max(until, plane.left), plane.width);
  }

  /** What a framed bar is too short to say is written next to it, where there is room. */
  function beside(context, framed, bar) {
    const taken = [];
    context.textAlign = "left";
    for (const [i, from, until, top] of framed) {
      if (until - from > context.measureText(text(i)).width + 8) continue;
      const start = Math.max(until, from + 2) + 8;
      const fitted = Schism.fit(context, text(i), Math.min(260, plane.width - start));
      const end = start + context.measureText(fitted).width;
      if (!fitted || taken.some(([lane, a, b]) => lane === top && start < b && end > a)) continue;
      taken.push([top, from - 6, end + 6]);
      context.fillStyle = Schism.colour("paper");
      context.globalAlpha = 0.85;
      context.fillRect(start - 3, top, end - start + 6, bar);
      context.globalAlpha = 1;
      context.fillStyle = Schism.colour("bad");
      context.fillText(fitted, start, top + bar / 2 + 0.5);
    }
  }

  /** The operation at a point: in a crowd, the nearest. */
  function pick(x, y) {
    const lane = lanes[Math.floor((y - plane.top) / laneHeight)];
    if (!lane || x < plane.left) return null;
    const time = plane.time(x);
    const near = firstAfter(lane, time);
    let best = null;
    for (const i of [lane[near - 1], lane[near]]) {
      if (i === undefined) continue;
      const distance = Math.max(plane.x(ops.begin[i]) - x, x - plane.x(end(i)), 0);
      if (distance < 6 && (best === null || ops.begin[i] <= time)) best = i;
    }
    return best;
  }

  function items() {
    const found = [];
    lanes.forEach((lane, number) => {
      for (let at = firstAfter(lane, plane.from); at < lane.length && ops.begin[lane[at]] <= plane.until; at++) {
        const x = Math.max(plane.x(ops.begin[lane[at]]), plane.left);
        found.push({ what: lane[at], x, y: laneTop(number) + laneHeight / 2 });
      }
    });
    return found;
  }

  function tell(i) {
    const records = ops.done[i] ? `records ${ops.index[i]} and ${ops.index[i] + ops.done[i]}` : `record ${ops.index[i]}`;
    const took = ops.took[i] < 0 ? "never ended" : Schism.duration(ops.took[i]);
    const to = ops.node[i] < 0 ? "" : " → n" + ops.node[i];
    return [
      ops.call[i],
      OUTCOMES[ops.outcome[i]] + (ops.result[i] ? ": " + ops.result[i] : ""),
      `process ${ops.process[i]}${to}, ${took}, from ${Schism.time(ops.begin[i], 1)}`,
      records,
    ];
  }

  /** What is chosen is followed in the space-time diagram. */
  function choose(i) {
    chosen = i;
    if (chosen !== null) {
      const [from, until] = [ops.begin[chosen], end(chosen)];
      const span = Math.min(until - from, 5e6);
      Schism.spacetime?.show(from - span * 0.15, from + span * 1.15);
      Schism.spacetime?.follow([chosen]);
    } else {
      Schism.spacetime?.follow([]);
    }
    plane.redraw();
  }

  Schism.whenNear(figure, () => {
    if (!plane) start();
    return plane;
  });
  return {
    get plane() { return plane; },
    show: (number) => {
      if (!plane) start();
      single(Schism.data().witnesses[number]);
      plane.show(...around(Schism.data().witnesses[number]));
    },
    look: (from, until) => {
      if (!plane) start();
      plane.show(from, until);
    },
  };
})();

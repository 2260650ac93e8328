// The space-time diagram: a lane for each node, an arrow for each message from when and where it
// was sent to when and where it arrived, a cross where it was lost, a mark for each thing a
// protocol told. Above a few thousand arrows in view only some are drawn, and the diagram says so.
"use strict";
Schism.spacetime = (() => {
  const figure = document.getElementById("spacetime-figure");
  if (!figure) return null;
  const FATES = ["delivered", "duplicated", "lost", "cut by a partition", "destination dead", "in flight at the end"];
  const LOST = 2, MOST = 2000;
  // Not the colours of what is lost or bad.
  const COLOURS = ["line-0", "line-2", "line-3", "line-4", "line-5"];
  const status = figure.querySelector("[role=status]");
  let plane, data, messages, events, laneHeight;
  // Which messages and which events are part of a witness.
  let witness;
  let written = [];
  const hidden = { kind: new Set(), event: new Set(), lane: new Set() };
  let undeliveredOnly = false;
  // The operations that are followed; for each, when every lane first knows of it and last matters
  // to it.
  let followed = null;
  // Whether what belongs to no witness is pale.
  let pale = false;

  function start() {
    data = Schism.data();
    ({ messages, events } = data);
    const among = new Set(data.witnesses.flatMap((w) => w.records));
    witness = [messages, events].map(({ index }) => Uint8Array.from(index, (record) => among.has(record)));
    plane = new Schism.Plane(figure, {
      whole: [0, data.duration], view: data.focus, left: 64, paint, pick, tell, items,
    });
    laneHeight = (plane.canvas.clientHeight - plane.top - plane.bottom - 50) / Math.max(1, data.peers.length - 1);
    filters();
    release.addEventListener("click", () => follow([]));
    figure.querySelector(".controls").append(release);
    if (data.witnesses.length) stress(data.witnesses[0]);
  }

  const release = Schism.button("Show all traffic again");

  /**
   * Makes what a witness is made of stand out. Where that is operations alone, they are followed:
   * what they heard is what they were decided by.
   */
  function stress({ records }) {
    const among = new Set(records);
    const told = [messages.index, events.index].some((column) => column.some((index) => among.has(index)));
    follow(told ? [] : Schism.operations(records));
    pale = told;
    release.hidden = !followed && !pale;
  }

  const y = (lane) => plane.top + 22 + lane * laneHeight;
  const arrives = (i) => messages.sent[i] + messages.took[i];
  const isLost = (i) => messages.fate[i] >= LOST;

  /** Messages in view that no filter hides. Each frame asks this of every message of the run. */
  function visible() {
    const found = [];
    const [from, until] = [plane.from, plane.until];
    const filtered = hidden.kind.size > 0 || hidden.lane.size > 0;
    for (let i = 0; i < messages.sent.length; i++) {
      if (messages.sent[i] > until || arrives(i) < from || (undeliveredOnly && !isLost(i))) continue;
      if (filtered && (hidden.kind.has(messages.kind[i]) || hidden.lane.has(messages.src[i]) || hidden.lane.has(messages.dest[i]))) continue;
      if (followed && !involved(i)) continue;
      found.push(i);
    }
    return found;
  }

  /**
   * Follows operations through their causal cones. An operation's future is what its node did since it was asked and whatever
   * heard of that; its past is what its node did until it answered and whatever that had heard of.
   * What lies in both may have been caused by the operation and may have decided its outcome.
   */
  function follow(operations) {
    if (!plane) start();
    const asked = operations.filter((i) => data.ops.node[i] >= 0);
    followed = asked.length ? { text: asked.map(Schism.text).join(", "), cones: asked.map(cone) } : null;
    pale = false;
    release.hidden = !followed;
    plane.redraw();
  }

  function cone(operation) {
    const [node, from, until] = [data.ops.node[operation], data.ops.begin[operation], Schism.end(operation)];
    const count = data.peers.length;
    const [knows, matters] = [new Array(count).fill(Infinity), new Array(count).fill(-Infinity)];
    knows[node] = from;
    matters[node] = until;
    const within = messages.sent.map((_, i) => i);
    const arrived = within.filter((i) => !isLost(i) && messages.sent[i] <= until && arrives(i) >= from);
    arrived.sort((a, b) => messages.sent[a] - messages.sent[b]);
    for (const i of arrived) {
      if (messages.sent[i] < knows[messages.src[i]]) continue;
      knows[messages.dest[i]] = Math.min(knows[messages.dest[i]], arrives(i));
    }
    arrived.sort((a, b) => arrives(b) - arrives(a));
    for (const i of arrived) {
      if (arrives(i) > matters[messages.dest[i]]) continue;
      matters[messages.src[i]] = Math.max(matters[messages.src[i]], messages.sent[i]);
    }
    return { knows, matters };
  }

  /** Whether something that a lane did was part of what is followed. */
  function during(lane, time) {
    return !followed || followed.cones.some(({ knows, matters }) => knows[lane] <= time && time <= matters[lane]);
  }

  /** Whether a message is part of what is followed. One that was lost could have been. */
  function involved(i) {
    if (!followed) return true;
    const [src, dest] = [messages.src[i], messages.dest[i]];
    if (isLost(i)) return during(src, messages.sent[i]);
    return followed.cones.some(({ knows, matters }) => knows[src] <= messages.sent[i] && arrives(i) <= matters[dest]);
  }

  function told() {
    const found = [];
    for (let i = 0; i < events.time.length; i++) {
      if (events.time[i] < plane.from || events.time[i] > plane.until) continue;
      if (hidden.event.has(events.kind[i]) || hidden.lane.has(events.node[i])) continue;
      if (during(events.node[i], events.time[i])) found.push(i);
    }
    return found;
  }

  /** Where an arrow begins and ends. A lost message gets half way. */
  function ends(i) {
    const [from, to] = [y(messages.src[i]), y(messages.dest[i])];
    const [begin, end] = [plane.x(messages.sent[i]), plane.x(arrives(i))];
    if (!isLost(i)) return [begin, from, end, to];
    return [begin, from, Math.max(begin + Math.min(14, laneHeight / 4), (begin + end) / 2), (from + to) / 2];
  }

  function paint(context) {
    lanes(context);
    const [found, marks] = [visible(), told()];
    const lost = found.filter(isLost).length;
    written = [];
    mark(context, marks);
    const every = crowd(context, found, lost);
    const span = `${Schism.time(plane.from, 1e3)} to ${Schism.time(plane.until, 1e3)}`;
    const some = every > 1 ? ` One message in ${every} is drawn: zoom in to see each.` : "";
    const cut = data.cut && (plane.from < data.cut[0] || plane.until > data.cut[1])
      ? ` Messages before ${Schism.time(data.cut[0], 1e3)} and after ${Schism.time(data.cut[1], 1e3)} are not part of this page.` : "";
    const cone = followed ? ` Following ${followed.text}: shown is only what an operation may have caused and what may have decided it.` : "";
    status.textContent = `${span}: ${many(found.length, "message")}, ${lost} of them undelivered, ${many(marks.length, "event")}.${some}${cut}${cone}`;
  }

  function many(count, what) { return count + " " + what + (count === 1 ? "" : "s"); }

  /** Draws as many of the messages as can be told apart; gives the share: one in how many. */
  function crowd(context, found, lost) {
    const every = Math.ceil(found.length / MOST);
    const lostEvery = Math.ceil(lost / (MOST / 2));
    const few = found.length <= 80 && !pale;
    // One path for all arrows that look the same: that is what makes thousands affordable.
    const paths = new Map();
    const witnessed = [];
    for (const i of found) {
      if (witness[0][i]) {
        witnessed.push(i);
        continue;
      }
      // Scattered: every tenth of a protocol's messages may all be of one kind.
      if ((Math.imul(i, 2654435761) >>> 8) % (isLost(i) ? lostEvery : every)) continue;
      const copy = few && messages.fate[i] === 1;
      const look = colourOf(i) + (copy ? " copy" : "");
      if (!paths.has(look)) paths.set(look, new Path2D());
      arrow(paths.get(look), i);
      if (few) adorn(context, i, colourOf(i));
    }
    // Pale is the more so the more there is of it.
    context.globalAlpha = few ? 1 : pale ? Math.max(0.03, Math.min(0.2, 40 / found.length)) : 0.6;
    // Lines of one pixel are an order of magnitude cheaper than any wider ones.
    context.lineWidth = few ? 1.2 : 1;
    for (const [look, path] of paths) {
      const [colour, copy] = look.split(" ");
      context.strokeStyle = Schism.colour(colour);
      context.setLineDash(copy ? [5, 3] : []);
      context.stroke(path);
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
    for (const i of witnessed) {
      const path = new Path2D();
      arrow(path, i);
      context.strokeStyle = Schism.colour("bad");
      context.lineWidth = 2.5;
      context.stroke(path);
      if (found.length < MOST) adorn(context, i, "bad");
    }
    context.lineWidth = 1;
    return every;
  }

  function colourOf(i) {
    return isLost(i) ? "info" : COLOURS[messages.kind[i] % COLOURS.length];
  }

  function lanes(context) {
    data.peers.forEach((name, lane) => {
      plane.label(name, y(lane));
      context.strokeStyle = Schism.colour("muted");
      context.globalAlpha = hidden.lane.has(lane) ? 0.25 : 1;
      context.beginPath();
      context.moveTo(plane.left, y(lane));
      context.lineTo(plane.width, y(lane));
      context.stroke();
      context.globalAlpha = 1;
    });
    if (data.cut) {
      context.globalAlpha = 0.6;
      context.fillStyle = Schism.colour("grid");
      const [from, until] = data.cut.map((time) => plane.x(time));
      context.fillRect(plane.left, plane.top, from - plane.left, plane.height);
      context.fillRect(until, plane.top, plane.width, plane.height);
      context.globalAlpha = 1;
    }
    // A node that is dead or stopped does nothing: its lane is blotted out.
    for (const { node, begin, end, what } of data.away) {
      if (end < plane.from || begin > plane.until) continue;
      const from = Math.max(plane.x(begin), plane.left);
      const until = Math.min(plane.x(end), plane.width);
      context.globalAlpha = 0.8;
      context.fillStyle = Schism.colour("muted");
      context.fillRect(from, y(node) - 5, Math.max(until - from, 2), 10);
      context.globalAlpha = 1;
      context.fillStyle = Schism.colour("paper");
      context.textAlign = "left";
      context.fillText(Schism.fit(context, what, until - from - 8), from + 4, y(node) + 0.5);
    }
  }

  /** The line of a message, with a cross where it was lost. */
  function arrow(path, i) {
    const [x0, y0, x1, y1] = ends(i);
    path.moveTo(x0, y0);
    path.lineTo(x1, y1);
    if (!isLost(i)) return;
    path.moveTo(x1 - 4, y1 - 4);
    path.lineTo(x1 + 4, y1 + 4);
    path.moveTo(x1 + 4, y1 - 4);
    path.lineTo(x1 - 4, y1 + 4);
  }

  /** The head and the name of an arrow. */
  function adorn(context, i, colour) {
    const [x0, y0, x1, y1] = ends(i);
    context.fillStyle = Schism.colour(colour);
    if (!isLost(i)) head(context, x0, y0, x1, y1);
    if (colour !== "bad") context.fillStyle = Schism.colour("ink");
    write(context, data.kinds[messages.kind[i]], x0 + (x1 - x0) * 0.45 + 6, y0 + (y1 - y0) * 0.45, 120);
  }

  /** Writes a text unless it would cover another one. */
  function write(context, text, x, atY, room) {
    const fitted = Schism.fit(context, text, room);
    const wide = context.measureText(fitted).width;
    if (x + wide > plane.width) x = plane.width - wide - 2;
    const end = x + wide;
    if (!fitted || end < plane.left || written.some((w) => x < w[1] && end > w[0] && Math.abs(atY - w[2]) < 13)) return false;
    written.push([x, end + 8, atY]);
    context.textAlign = "left";
    context.fillText(fitted, x, atY);
    return true;
  }

  function head(context, x0, y0, x1, y1) {
    const angle = Math.atan2(y1 - y0, x1 - x0);
    context.beginPath();
    context.moveTo(x1, y1);
    for (const turn of [2.75, -2.75]) context.lineTo(x1 + 9 * Math.cos(angle + turn), y1 + 9 * Math.sin(angle + turn));
    context.fill();
  }

  function mark(context, marks) {
    const shown = marks.filter((i) => witness[1][i]);
    const others = marks.filter((i) => !witness[1][i]);
    context.globalAlpha = pale ? 0.3 : 1;
    context.fillStyle = Schism.colour("ink");
    // Of many, one for all that fall on the same pixel, and no circle.
    const taken = data.peers.map(() => new Uint8Array(Math.ceil(plane.width) + 1));
    for (const i of others) {
      const [x, lane] = [plane.x(events.time[i]), events.node[i]];
      if (others.length > 300) {
        const pixel = Math.round(x);
        if (taken[lane][pixel]) continue;
        taken[lane][pixel] = 1;
        context.fillRect(pixel - 1, y(lane) - 3, 2, 6);
        continue;
      }
      context.beginPath();
      context.arc(x, y(lane), 3.5, 0, 7);
      context.fill();
    }
    context.globalAlpha = 1;
    context.fillStyle = Schism.colour("bad");
    for (const i of shown) {
      context.beginPath();
      context.arc(plane.x(events.time[i]), y(events.node[i]), 6, 0, 7);
      context.fill();
    }
    // What belongs to a witness is named first, so that it finds room.
    for (const i of pale || marks.length > 200 ? shown : [...shown, ...others]) {
      const [x, lane] = [plane.x(events.time[i]), events.node[i]];
      context.fillStyle = Schism.colour(witness[1][i] ? "bad" : "ink");
      const text = data.eventKinds[events.kind[i]] + " " + events.text[i];
      const room = witness[1][i] ? 320 : 170;
      write(context, text, x + 5, y(lane) - 13, room) || write(context, text, x + 5, y(lane) + 14, room);
    }
  }

  // What can be pointed at is named by one number: events come after messages.
  const asEvent = (i) => messages.sent.length + i;

  /** The event or message nearest to a point, within a few pixels. */
  function pick(x, atY) {
    let [best, what] = [9, null];
    for (const i of told()) {
      const distance = Math.hypot(plane.x(events.time[i]) - x, y(events.node[i]) - atY) - 3;
      if (distance >= best) continue;
      [best, what] = [distance, asEvent(i)];
    }
    for (const i of visible()) {
      const [x0, y0, x1, y1] = ends(i);
      const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
      const along = length ? Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (atY - y0) * (y1 - y0)) / length)) : 0;
      const distance = Math.hypot(x0 + along * (x1 - x0) - x, y0 + along * (y1 - y0) - atY);
      if (distance >= best) continue;
      [best, what] = [distance, i];
    }
    return what;
  }

  function items() {
    const sent = visible().map((i) => ({ what: i, x: plane.x(messages.sent[i]), y: y(messages.src[i]) }));
    const said = told().map((i) => ({ what: asEvent(i), x: plane.x(events.time[i]), y: y(events.node[i]) }));
    return [...sent, ...said];
  }

  function tell(what) {
    const i = what - messages.sent.length;
    if (i >= 0) {
      return [
        `${data.peers[events.node[i]]}: ${data.eventKinds[events.kind[i]]} ${events.text[i]}`,
        `at ${Schism.time(events.time[i], 1)}, record ${events.index[i]}`,
      ];
    }
    return [
      `${data.kinds[messages.kind[what]]}: ${data.peers[messages.src[what]]} → ${data.peers[messages.dest[what]]}`,
      FATES[messages.fate[what]] + (messages.took[what] ? ` after ${Schism.duration(messages.took[what])}` : ""),
      `sent at ${Schism.time(messages.sent[what], 1)}, record ${messages.index[what]}`,
    ];
  }

  /** A box of ticks for each thing that can be hidden. */
  function filters() {
    const box = figure.querySelector("[data-filters]");
    const group = (title, names, set) => {
      if (!names.length) return;
      const field = document.createElement("fieldset");
      field.append(Object.assign(document.createElement("legend"), { textContent: title }));
      names.forEach((name, number) => field.append(tick(name, true, (on) => (on ? set.delete(number) : set.add(number)))));
      box.append(field);
    };
    group("nodes", data.peers, hidden.lane);
    group("messages", data.kinds, hidden.kind);
    group("events", data.eventKinds, hidden.event);
    box.append(tick("only undelivered messages", false, (on) => (undeliveredOnly = on)));
  }

  function tick(name, checked, change) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "checkbox", checked });
    input.addEventListener("change", () => {
      change(input.checked);
      plane.redraw();
    });
    label.append(input, " " + name);
    return label;
  }

  Schism.whenNear(figure, () => {
    if (!plane) start();
    return plane;
  });
  return {
    get plane() { return plane; },
    follow,
    stress: (number) => {
      if (!plane) start();
      stress(data.witnesses[number]);
    },
    show: (from, until) => {
      if (!plane) start();
      plane.show(from, until);
    },
  };
})();

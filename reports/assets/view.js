// A canvas along time: what the operation timeline and the space-time diagram share. It zooms and
// pans by wheel, drag, pinch and keys, draws the time axis, the faults and the tooltip, and redraws
// only when something changed. Times are microseconds of the run throughout.
"use strict";
const Schism = {};

/** The page's data, read when it is first needed: the page is on the screen before that. */
Schism.data = (() => {
  let data;
  /** From differences to values. */
  const sums = (steps) => {
    let sum = 0;
    return steps.map((step) => (sum += step));
  };
  return () => {
    if (!data) {
      data = JSON.parse(document.getElementById("data").textContent);
      for (const [table, names] of [["ops", ["index", "begin"]], ["messages", ["index", "sent"]], ["events", ["index", "time"]]]) {
        for (const name of names) data[table][name] = sums(data[table][name]);
      }
    }
    return data;
  };
})();

/** A colour of the page, in the scheme the reader uses. */
Schism.colour = (() => {
  const known = new Map();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => known.clear());
  return (name) => {
    if (!known.has(name)) {
      known.set(name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
    }
    return known.get(name);
  };
})();

/** A moment in seconds, as everywhere in the report; `step` is what is to be told apart. */
Schism.time = (micros, step) => {
  const decimals = Math.max(0, Math.ceil(-Math.log10(step / 1e6) - 1e-9));
  return (micros / 1e6).toFixed(decimals) + " s";
};

/** What an operation was, in one line. */
Schism.text = (i) => {
  const { call, result } = Schism.data().ops;
  return call[i] + (result[i] ? " → " + result[i] : "");
};

/** When an operation ended; those that never did reach to the end of the run. */
Schism.end = (i) => {
  const { ops, duration } = Schism.data();
  return ops.took[i] < 0 ? duration : ops.begin[i] + ops.took[i];
};

/** The operations that these records invoked or completed. */
Schism.operations = (records) => {
  const { index, done } = Schism.data().ops;
  const among = new Set(records);
  const found = [];
  index.forEach((record, i) => {
    if (among.has(record) || (done[i] && among.has(record + done[i]))) found.push(i);
  });
  return found;
};

/** Where how many faults were in force at once, as [from, until, how many]. */
Schism.shades = (faults) => {
  const edges = [...new Set(faults.flatMap(({ begin, end }) => [begin, end]))].sort((a, b) => a - b);
  return edges.slice(1).map((until, i) => {
    const from = edges[i];
    return [from, until, faults.filter(({ begin, end }) => begin <= from && end >= until).length];
  });
};

/** A length of time to three digits. */
Schism.duration = (micros) => {
  const [unit, size] = micros >= 1e6 ? ["s", 1e6] : micros >= 1e3 ? ["ms", 1e3] : ["µs", 1];
  return Number((micros / size).toPrecision(3)) + " " + unit;
};

Schism.Plane = class {
  /**
   * `figure` holds a canvas and an `output` for the tooltip. `paint(context, plane)` draws the
   * data, `pick(x, y)` says what is at a point, `tell` puts that into an array of lines, `choose`
   * is told what was clicked, or nothing. `items()` are all that are in view, each with where it is,
   * for those who step from one to the next by keyboard.
   */
  constructor(figure, { whole, view, left, paint, pick, tell, choose, items }) {
    Object.assign(this, { figure, whole, left, paint, pick, tell, choose, items });
    this.at = null;
    this.top = 24;
    this.bottom = 26;
    this.canvas = figure.querySelector("canvas");
    this.tip = figure.querySelector("output");
    this.pointers = new Map();
    this.moved = 0;
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave", "wheel", "keydown"]) {
      this.canvas.addEventListener(name, (event) => this[name](event), { passive: false });
    }
    for (const button of figure.querySelectorAll("button[data-zoom]")) {
      button.addEventListener("click", () => this.act(button.dataset.zoom));
    }
    this.show(view[0], view[1]);
  }

  x(time) { return this.left + ((time - this.from) / (this.until - this.from)) * (this.width - this.left); }
  time(x) { return this.from + ((x - this.left) / (this.width - this.left)) * (this.until - this.from); }

  /** Shows a span of time, kept within the run and no shorter than ten microseconds. */
  show(from, until) {
    const [first, last] = this.whole;
    const span = Math.min(Math.max(until - from, 10), last - first);
    this.from = Math.min(Math.max((from + until - span) / 2, first), last - span);
    this.until = this.from + span;
    this.redraw();
  }

  zoom(factor, x = (this.left + this.width) / 2) {
    const at = this.time(x);
    const [first, last] = this.whole;
    const span = Math.min(Math.max((this.until - this.from) * factor, 10), last - first);
    const from = at - (span * (x - this.left)) / (this.width - this.left);
    this.show(from, from + span);
  }

  pan(pixels) {
    const by = (pixels * (this.until - this.from)) / (this.width - this.left);
    this.show(this.from + by, this.until + by);
  }

  act(name) {
    const step = (this.width - this.left) / 5;
    const acts = {
      in: () => this.zoom(0.5), out: () => this.zoom(2), all: () => this.show(...this.whole),
      back: () => this.pan(-step), on: () => this.pan(step),
    };
    acts[name]();
  }

  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const names = { "+": "in", "=": "in", "-": "out", "0": "all", ArrowLeft: "back", ArrowRight: "on" };
    const others = {
      ArrowDown: () => this.step(1), ArrowUp: () => this.step(-1),
      Enter: () => this.choose?.(this.at), Escape: () => { this.say(); this.choose?.(null); },
    };
    const act = names[event.key] ? () => this.act(names[event.key]) : others[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Goes to the next or the last thing in view, in the order of time. */
  step(by) {
    const items = this.items().sort((a, b) => a.x - b.x || a.y - b.y);
    if (!items.length) return this.say();
    const now = items.findIndex((item) => item.what === this.at);
    const next = now < 0 ? (by > 0 ? 0 : items.length - 1) : (now + by + items.length) % items.length;
    const { what, x, y } = items[next];
    this.at = what;
    this.say(this.tell(what), x, y);
  }

  // The wheel scrolls the page until the canvas was clicked; sideways it always pans.
  wheel(event) {
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.pan(event.deltaX);
    } else if (event.ctrlKey || document.activeElement === this.canvas) {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.0015), event.offsetX);
    }
  }

  pointerdown(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event.offsetX);
    if (this.pointers.size === 1) this.moved = 0;
  }

  pointermove(event) {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return this.hover(event.offsetX, event.offsetY);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, x]) => x);
    this.pointers.set(event.pointerId, event.offsetX);
    this.moved += Math.abs(event.offsetX - before);
    if (others.length === 0) {
      this.pan(before - event.offsetX);
    } else {
      const [was, is] = [Math.abs(before - others[0]), Math.abs(event.offsetX - others[0])];
      if (was > 8 && is > 8) this.zoom(was / is, (event.offsetX + others[0]) / 2);
    }
    this.say();
  }

  pointerup(event) {
    const alone = this.pointers.size === 1;
    this.pointers.delete(event.pointerId);
    if (alone && this.moved < 5) {
      this.hover(event.offsetX, event.offsetY);
      this.choose?.(this.at);
    }
  }

  pointercancel(event) { this.pointers.delete(event.pointerId); }
  pointerleave() { this.say(); }

  hover(x, y) {
    this.at = this.pick(x, y);
    this.say(this.at === null ? null : this.tell(this.at), x, y);
  }

  /** The tooltip. Text is set as text: values of the run are never read as HTML. */
  say(lines, x, y) {
    this.tip.hidden = !lines;
    if (!lines) return;
    this.tip.replaceChildren(...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })));
    const { offsetWidth: wide } = this.tip;
    this.tip.style.left = Math.max(0, Math.min(x + 12, this.width - wide)) + "px";
    this.tip.style.top = this.canvas.offsetTop + y + 16 + "px";
  }

  redraw() {
    if (this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      this.draw();
    });
  }

  draw() {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    [this.width, this.height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.width) return;
    const [wide, high] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    // The paper is painted, for what is printed was drawn in the colours of the screen.
    context.fillStyle = Schism.colour("paper");
    context.fillRect(0, 0, this.width, this.height);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    this.axis(context);
    this.faults(context);
    context.save();
    context.beginPath();
    context.rect(this.left, 0, this.width - this.left, this.height - this.bottom + 1);
    context.clip();
    this.labels = [];
    this.paint(context, this);
    context.restore();
    context.fillStyle = Schism.colour("muted");
    context.textAlign = "right";
    for (const [text, y] of this.labels) context.fillText(Schism.fit(context, text, this.left - 10), this.left - 8, y);
  }

  axis(context) {
    const span = this.until - this.from;
    const exact = span / Math.max(2, (this.width - this.left) / 110);
    const power = 10 ** Math.floor(Math.log10(exact));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= exact);
    const bottom = this.height - this.bottom;
    context.strokeStyle = Schism.colour("grid");
    context.fillStyle = Schism.colour("muted");
    context.textAlign = "center";
    context.beginPath();
    for (let time = Math.ceil(this.from / step) * step; time <= this.until; time += step) {
      const x = Math.round(this.x(time)) + 0.5;
      context.moveTo(x, this.top - 4);
      context.lineTo(x, bottom);
      const text = Schism.time(time, step);
      const half = context.measureText(text).width / 2;
      if (x + half < this.width && x - half > 0) context.fillText(text, x, bottom + 13);
    }
    context.stroke();
  }

  /** Faults behind everything, named where they begin or where the view does. */
  faults(context) {
    const faults = Schism.data().faults;
    this.shades ??= Schism.shades(faults);
    context.fillStyle = Schism.colour("shade");
    for (const [begin, end, depth] of this.shades) {
      if (!depth || end < this.from || begin > this.until) continue;
      const from = Math.max(this.x(begin), this.left);
      // Deeper where there are several, but never so deep that nothing can be read on it.
      context.globalAlpha = 0.26 * (1 - 0.5 ** depth);
      context.fillRect(from, 0, Math.max(Math.min(this.x(end), this.width) - from, 1), this.height - this.bottom);
    }
    context.globalAlpha = 1;
    let free = 0;
    for (const { what, begin, end } of faults) {
      if (end < this.from || begin > this.until) continue;
      const from = Math.max(this.x(begin), this.left);
      const until = Math.max(Math.min(this.x(end), this.width), from + 2);
      const start = Math.max(from + 4, free);
      const text = Schism.fit(context, what, this.width - start);
      if (text && start < until + 60) {
        context.fillStyle = Schism.colour("ink");
        context.textAlign = "left";
        context.fillText(text, start, 10);
        free = start + context.measureText(text).width + 14;
      }
    }
  }

  /** The name of a lane, written into the gutter once the data is drawn. */
  label(text, y) { this.labels.push([text, y]); }
};

/** A button that is there only when it is of use. */
Schism.button = (textContent) => Object.assign(document.createElement("button"), { type: "button", textContent, hidden: true });

/** Text cut to a width; nothing if hardly any of it fits. */
Schism.fit = (context, text, room) => {
  if (context.measureText(text).width <= room) return text;
  const letters = Math.floor((text.length * room) / context.measureText(text).width) - 2;
  return letters > 2 ? text.slice(0, letters) + "…" : "";
};

/** Runs once the element is near the screen, or about to be printed; gives the plane it makes. */
Schism.whenNear = (element, run) => {
  // There is no other frame before paper.
  addEventListener("beforeprint", () => run().draw());
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    run();
  }, { rootMargin: "400px" });
  observer.observe(element);
};

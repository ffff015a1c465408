"use strict";
/* Small line charts in SVG: ticks, limits, gaps where a value is undefined, one crosshair over all of them. */
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 170, LEFT = 52, RIGHT = 10, TOP = 10, BOTTOM = 20;

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
}

function niceTicks(low, high, wanted) {
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) ticks.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return ticks;
}

function shown(value, style) {
  if (value === null) return "–";
  const scaled = style === "share" ? value * 100 : value, size = Math.abs(scaled);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? scaled.toExponential(2) : String(Number(scaled.toPrecision(4)));
  return text.replace("-", "−") + (style === "share" ? " %" : "");
}

const steps = (value) => (value >= 1e6 ? `${+(value / 1e6).toFixed(3)}M` : value >= 1e3 ? `${+(value / 1e3).toFixed(2)}k` : String(value));

class Chart {
  constructor(definition, limits, group) {
    Object.assign(this, { definition, limits, group, x: [], y: [] });
    this.figure = document.createElement("figure");
    this.figure.className = "chart";
    this.figure.dataset.curve = definition.key;
    const caption = document.createElement("figcaption"), name = document.createElement("b"), note = document.createElement("small");
    this.value = document.createElement("output");
    name.textContent = definition.title;
    note.textContent = definition.note;
    caption.append(name, note, this.value);
    this.svg = element("svg", { role: "img", tabindex: "0" });
    this.figure.append(caption, this.svg);
    this.svg.addEventListener("pointermove", (event) => this.group.hover(this.stepAt(event)));
    this.svg.addEventListener("pointerleave", () => this.group.hover(null));
    this.svg.addEventListener("blur", () => this.group.hover(null));
    this.svg.addEventListener("keydown", (event) => this.walk(event));
  }

  set(x, y, isWhole) {
    this.x = isWhole ? x : this.x.concat(x);
    this.y = isWhole ? y : this.y.concat(y);
    this.figure.dataset.points = this.x.length;
  }

  draw(first, last) {
    this.width = this.svg.clientWidth || 340;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.replaceChildren();
    this.span = [first, last];
    const known = this.y.filter((value) => value !== null);
    this.label();
    if (!known.length) {
      element("text", { x: this.width / 2, y: HEIGHT / 2, "text-anchor": "middle", class: "none" }, this.svg).textContent = "nothing logged yet";
      return;
    }
    [this.low, this.high] = this.range(known);
    this.axes();
    this.lines();
    this.curve();
    this.mark = element("g", { visibility: "hidden" }, this.svg);
    this.cross = element("line", { class: "cross", y1: TOP, y2: HEIGHT - BOTTOM }, this.mark);
    this.here = element("circle", { class: "here", r: 3.5 }, this.mark);
  }

  range(known) {
    let low = Math.min(...known), high = Math.max(...known);
    for (const { value } of this.limits) {
      // a limit far from every value would flatten the curve; it is drawn once the curve comes near
      const reach = Math.max(high - low, Math.abs(high), Math.abs(low)) * 1.5;
      if (this.definition.has_all_limits || (value >= low - reach && value <= high + reach)) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
    const margin = (high - low || Math.abs(high) || 1) * 0.07;
    return [low - margin, high + margin];
  }

  px(step) { return LEFT + ((step - this.span[0]) / (this.span[1] - this.span[0] || 1)) * (this.width - LEFT - RIGHT); }
  py(value) { return HEIGHT - BOTTOM - ((value - this.low) / (this.high - this.low)) * (HEIGHT - TOP - BOTTOM); }

  axes() {
    for (const tick of niceTicks(this.low, this.high, 4)) {
      const y = this.py(tick);
      element("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }, this.svg);
      element("text", { x: LEFT - 6, y: y + 3.5, "text-anchor": "end" }, this.svg).textContent = shown(tick, this.definition.style);
    }
    for (const tick of niceTicks(this.span[0], this.span[1] || 1, Math.max(2, this.width / 110))) {
      const x = this.px(tick), anchor = x > this.width - 24 ? "end" : "middle";
      element("text", { x, y: HEIGHT - 5, "text-anchor": anchor }, this.svg).textContent = steps(tick);
    }
  }

  lines() {
    for (const { value, severity } of this.limits) {
      if (value < this.low || value > this.high) continue;
      const y = this.py(value);
      const line = element("line", { class: `limit ${severity}`, x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y }, this.svg);
      element("title", {}, line).textContent = `${severity} at ${shown(value, this.definition.style)}`;
    }
  }

  curve() {
    let path = "", isApart = true;
    this.y.forEach((value, at) => {
      if (value === null) { isApart = true; return; }
      path += `${isApart ? "M" : "L"}${this.px(this.x[at]).toFixed(1)} ${this.py(value).toFixed(1)}`;
      // a value between two gaps is no line: it is drawn as a point
      const isAlone = isApart && (at + 1 === this.y.length || this.y[at + 1] === null);
      if (isAlone || this.definition.has_points) element("circle", { class: "point", cx: this.px(this.x[at]), cy: this.py(value), r: 2.6 }, this.svg);
      isApart = false;
    });
    element("path", { class: "curve", d: path }, this.svg);
  }

  stepAt(event) {
    const box = this.svg.getBoundingClientRect(), share = (event.clientX - box.left - LEFT) / (this.width - LEFT - RIGHT);
    return this.span ? this.span[0] + share * (this.span[1] - this.span[0]) : null;
  }

  nearest(step) {
    if (step === null || !this.x.length) return -1;
    let low = 0, high = this.x.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (this.x[middle] < step) low = middle + 1; else high = middle; }
    return low > 0 && step - this.x[low - 1] < this.x[low] - step ? low - 1 : low;
  }

  point(step) {
    this.at = this.nearest(step);
    this.label();
    if (!this.mark) return;
    this.mark.setAttribute("visibility", this.at < 0 ? "hidden" : "visible");
    if (this.at < 0) return;
    const x = this.px(this.x[this.at]), value = this.y[this.at];
    this.cross.setAttribute("x1", x);
    this.cross.setAttribute("x2", x);
    this.here.setAttribute("visibility", value === null ? "hidden" : "inherit");
    if (value !== null) { this.here.setAttribute("cx", x); this.here.setAttribute("cy", this.py(value)); }
  }

  label() {
    const at = this.at >= 0 && this.at < this.x.length ? this.at : this.x.length - 1, style = this.definition.style;
    const isHovered = this.at >= 0;
    this.value.textContent = at < 0 ? "" : `${shown(this.y[at], style)}${isHovered ? ` at ${this.x[at].toLocaleString("en-US")}` : ""}`;
    this.svg.setAttribute("aria-label", `${this.definition.title}: ${at < 0 ? "nothing logged yet" : `newest value ${shown(this.y[this.y.length - 1], style)}, ${this.x.length} points`}. Arrow keys walk along it.`);
  }

  walk(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move || !this.x.length) return;
    event.preventDefault();
    const from = this.at >= 0 ? this.at : this.x.length;
    this.group.hover(this.x[Math.min(this.x.length - 1, Math.max(0, from + move))]);
  }
}

class Charts {
  constructor(parent, definitions, limits) {
    this.charts = definitions.map((definition) => new Chart(definition, limits[definition.key] || [], this));
    parent.append(...this.charts.map((chart) => chart.figure));
    this.hovered = null;
    new ResizeObserver(() => this.draw()).observe(parent);
  }

  add(answer) {
    for (const chart of this.charts) {
      const { x, y } = answer.series[chart.definition.key];
      chart.set(x, y, answer.is_whole);
    }
    this.draw();
  }

  draw() {
    const last = Math.max(1, ...this.charts.map((chart) => chart.x.at(-1) || 0));
    for (const chart of this.charts) { chart.mark = null; chart.draw(0, last); }
    this.hover(this.hovered);
  }

  hover(step) {
    this.hovered = step;
    for (const chart of this.charts) chart.point(step);
  }
}

/** The map: every point is a kick, on axes that the user picks. Hover plays, a click selects, a drag walks. */

import { AXES, rangeOf, ticks, valueOf, worded } from "./axes.js";
import { colour, fresh, shade } from "./draw.js";
import { inWords } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {{sound: Sound, x: number, y: number}} Point  in CSS pixels */

const MARGIN = { left: 54, right: 16, top: 26, bottom: 30 };
const SCALE_PX = 84; // of the colours, above the map
const NEAR_PX = 22; // hover
const NEIGHBOURS = 4; // kicks that a walk lies between
const DRAG_PX = 6; // less is a click
const STEP_PX = 26; // of a walk with the keyboard

export class KickMap {
  /**
   * @param {HTMLElement} box
   * @param {{hover: (sound: Sound, since: number) => void, select: (sound: Sound) => void,
   *   walk: (recipes: Sound[], weights: number[], done: boolean) => void, option: HTMLElement}} tells
   */
  constructor(box, tells) {
    this.box = box;
    this.canvas = /** @type {HTMLCanvasElement} */ (box.querySelector("canvas"));
    this.tells = tells;
    /** @type {Sound[]} */
    this.sounds = [];
    /** @type {Sound | null} */
    this.selected = null;
    /** @type {Sound | null} */
    this.hovered = null;
    this.axes = { x: AXES[0], y: AXES[1], colour: AXES[2] };
    this.ranges = { x: { low: 0, high: 1 }, y: { low: 0, high: 1 }, colour: { low: 0, high: 1 } };
    /** @type {{x: number, y: number}[]} */
    this.trail = [];
    /** @type {Point[]} */
    this.points = [];
    /** @type {{x: number, y: number} | null} */
    this.pressed = null;
    this.walking = false;
    this.shows = (/** @type {Sound} */ _sound) => true;
    this.keepsKick = (/** @type {Sound} */ _sound) => false;
    this.drawn = 0;
    this.react();
  }

  react() {
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => {
      this.box.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      this.pressed = this.at(event);
      this.walking = false;
      this.trail = [];
    });
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => this.released(event));
    canvas.addEventListener("pointercancel", () => (this.pressed = null));
    canvas.addEventListener("pointerleave", () => this.point(null, 0));
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focus", () => {
      if (!this.hovered && this.points.length && this.box.matches(":focus-visible")) this.describe(this.selected);
    });
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** @param {Sound[]} sounds */
  add(sounds) {
    this.sounds.push(...sounds);
    this.rescale();
  }

  rescale() {
    for (const side of /** @type {const} */ (["x", "y", "colour"])) this.ranges[side] = rangeOf(this.axes[side], this.sounds);
    this.draw();
  }

  /** @param {PointerEvent} event */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const here = this.at(event);
    if (!this.pressed) {
      if (event.pointerType !== "touch") this.point(this.nearest(here, NEAR_PX), event.timeStamp);
      return;
    }
    if (!this.walking && Math.hypot(here.x - this.pressed.x, here.y - this.pressed.y) > DRAG_PX) this.walking = true;
    if (this.walking) this.walkTo(here, false);
  }

  /** @param {PointerEvent} event */
  released(event) {
    const here = this.at(event);
    if (this.pressed && this.walking) this.walkTo(here, true);
    else if (this.pressed) {
      const point = this.nearest(here, 2 * NEAR_PX);
      if (point) {
        this.tells.hover(point.sound, event.timeStamp);
        this.tells.select(point.sound);
      }
    }
    this.pressed = null;
    this.walking = false;
  }

  /** The nearest point of the map: beyond its edge no kick lies. @param {{x: number, y: number}} wanted */
  inside({ x, y }) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    return {
      x: Math.min(Math.max(x, MARGIN.left), width - MARGIN.right),
      y: Math.min(Math.max(y, MARGIN.top), height - MARGIN.bottom),
    };
  }

  /** @param {{x: number, y: number}} wanted @param {boolean} done */
  walkTo(wanted, done) {
    const here = this.inside(wanted);
    this.trail.push(here);
    const near = this.points
      .map((point) => ({ point, far: Math.hypot(point.x - here.x, point.y - here.y) }))
      .sort((a, b) => a.far - b.far)
      .slice(0, NEIGHBOURS);
    if (near.length) {
      const weights = near.map(({ far }) => 1 / (far * far + 4));
      this.tells.walk(near.map(({ point }) => point.sound), weights, done);
    }
    this.draw();
  }

  /** @param {{x: number, y: number}} here @param {number} within */
  nearest(here, within) {
    let best = null;
    let least = within;
    for (const point of this.points) {
      const far = Math.hypot(point.x - here.x, point.y - here.y);
      if (far < least) [best, least] = [point, far];
    }
    return best;
  }

  /** Point at a kick, and play it if it is another one. @param {Point | null} point @param {number} since */
  point(point, since) {
    const sound = point?.sound ?? null;
    if (sound === this.hovered) return;
    this.hovered = sound;
    if (sound) {
      this.tells.hover(sound, since);
      this.describe(sound);
    }
    this.draw();
  }

  /** For those who listen to the page. @param {Sound | null} sound */
  describe(sound) {
    if (!sound) return;
    const words = inWords(sound);
    this.tells.option.textContent = [words.title, words.cents, words.detail].filter(Boolean).join(", ");
    this.tells.option.setAttribute("aria-selected", String(sound === this.selected));
    this.box.setAttribute("aria-activedescendant", this.tells.option.id);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way && event.shiftKey) {
      event.preventDefault();
      const from = this.trail.at(-1) ?? this.locate(this.selected) ?? { x: 100, y: 100 };
      const to = this.inside({ x: from.x + STEP_PX * way[0], y: from.y + STEP_PX * way[1] });
      if (to.x !== from.x || to.y !== from.y) this.walkTo(to, true);
    } else if (way) {
      event.preventDefault();
      const from = this.locate(this.hovered ?? this.selected) ?? { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 };
      const next = this.towards(from, way);
      if (next) this.point(next, event.timeStamp); // at the edge of the map one stays where one is
    } else if (event.key === "Enter" && this.hovered) {
      event.preventDefault();
      event.stopPropagation();
      this.tells.select(this.hovered);
    }
  }

  /** The nearest kick in a direction; further off sideways counts double. @param {{x: number, y: number}} from @param {number[]} way */
  towards(from, way) {
    let best = null;
    let least = Infinity;
    for (const point of this.points) {
      const along = (point.x - from.x) * way[0] + (point.y - from.y) * way[1];
      const aside = Math.abs((point.x - from.x) * way[1]) + Math.abs((point.y - from.y) * way[0]);
      if (along > 1 && along + 2 * aside < least) [best, least] = [point, along + 2 * aside];
    }
    return best;
  }

  /** Where a kick lies on the map. @param {Sound | null} sound @returns {Point | null} */
  locate(sound) {
    if (!sound?.card) return null;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const share = (/** @type {"x" | "y" | "colour"} */ side) => {
      const value = valueOf(sound, this.axes[side]);
      const { low, high } = this.ranges[side];
      return value === null ? 0 : Math.min(Math.max((value - low) / (high - low), 0), 1);
    };
    return {
      sound,
      x: MARGIN.left + share("x") * (width - MARGIN.left - MARGIN.right),
      y: height - MARGIN.bottom - share("y") * (height - MARGIN.top - MARGIN.bottom),
    };
  }

  draw() {
    if (this.drawn) return;
    this.drawn = requestAnimationFrame(() => {
      this.drawn = 0;
      this.paint();
    });
  }

  paint() {
    const { pen, width, height } = fresh(this.canvas);
    this.points = this.sounds.filter((sound) => this.shows(sound)).map((sound) => this.locate(sound)).filter((p) => p !== null);
    this.grid(pen, width, height);
    this.scale(pen, width);
    for (const point of this.points) this.dot(pen, point);
    if (this.trail.length > 1) {
      pen.beginPath();
      this.trail.forEach(({ x, y }, i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.strokeStyle = colour("coral");
      pen.lineWidth = 2;
      pen.setLineDash([2, 5]);
      pen.lineCap = "round";
      pen.stroke();
      pen.setLineDash([]);
    }
    const chosen = this.sounds.length && this.locate(this.selected);
    if (chosen) {
      pen.beginPath();
      pen.arc(chosen.x, chosen.y, 11, 0, 2 * Math.PI);
      pen.strokeStyle = colour("coral");
      pen.lineWidth = 2.5;
      pen.stroke();
      pen.beginPath();
      pen.arc(chosen.x, chosen.y, 4, 0, 2 * Math.PI);
      pen.fillStyle = colour("coral");
      pen.fill();
    }
    if (this.hovered) this.label(pen, this.hovered, width);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Point} point */
  dot(pen, { sound, x, y }) {
    const value = valueOf(sound, this.axes.colour);
    const { low, high } = this.ranges.colour;
    const lit = sound === this.hovered;
    pen.beginPath();
    pen.arc(x, y, lit ? 8 : 5, 0, 2 * Math.PI);
    pen.fillStyle = value === null ? colour("line") : shade((value - low) / (high - low), lit ? 1 : 0.82);
    pen.fill();
    if (lit) {
      pen.lineWidth = 2;
      pen.strokeStyle = colour("text");
      pen.stroke();
    }
    if (this.keepsKick(sound)) {
      pen.beginPath();
      pen.arc(x, y, 9.5, 0, 2 * Math.PI);
      pen.lineWidth = 2;
      pen.strokeStyle = colour("gold");
      pen.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {Sound} sound @param {number} width */
  label(pen, sound, width) {
    const point = this.locate(sound);
    if (!point) return;
    const { title } = inWords(sound);
    pen.font = "600 12px system-ui, sans-serif";
    const size = pen.measureText(title).width + 16;
    const x = Math.min(Math.max(point.x - size / 2, 4), width - size - 4);
    const y = point.y > 44 ? point.y - 38 : point.y + 16;
    pen.fillStyle = colour("text");
    pen.beginPath();
    pen.roundRect(x, y, size, 24, 6);
    pen.fill();
    pen.fillStyle = colour("ground");
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.fillText(title, x + 8, y + 12.5);
  }

  /** What the colours say: from the least to the most. @param {CanvasRenderingContext2D} pen @param {number} width */
  scale(pen, width) {
    const { axes, ranges } = this;
    if (!this.points.length) return;
    const words = (/** @type {number} */ at) => worded(axes.colour, axes.colour.log ? 2 ** at : at);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    const high = words(ranges.colour.high);
    const right = width - MARGIN.right - pen.measureText(high).width - 6;
    const ramp = pen.createLinearGradient(right - SCALE_PX, 0, right, 0);
    for (let i = 0; i <= 8; i++) ramp.addColorStop(i / 8, shade(i / 8, 0.82));
    pen.fillStyle = ramp;
    pen.beginPath();
    pen.roundRect(right - SCALE_PX, 9, SCALE_PX, 6, 3);
    pen.fill();
    pen.fillStyle = colour("quiet");
    pen.fillText(high, width - MARGIN.right, 12);
    pen.fillText(`${axes.colour.name} ${words(ranges.colour.low)}`, right - SCALE_PX - 6, 12);
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
  grid(pen, width, height) {
    pen.font = "11px system-ui, sans-serif";
    pen.lineWidth = 1;
    pen.strokeStyle = colour("line");
    pen.fillStyle = colour("quiet");
    const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
    for (const { share, text } of ticks(this.axes.x, this.ranges.x)) {
      const x = MARGIN.left + share * (right - MARGIN.left);
      line(pen, x, MARGIN.top, x, bottom);
      pen.textAlign = "center";
      pen.textBaseline = "top";
      pen.fillText(text, x, bottom + 5);
    }
    for (const { share, text } of ticks(this.axes.y, this.ranges.y)) {
      const y = bottom - share * (bottom - MARGIN.top);
      line(pen, MARGIN.left, y, right, y);
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(text, MARGIN.left - 6, y);
    }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} x2 @param {number} y2 */
function line(pen, x, y, x2, y2) {
  pen.beginPath();
  pen.moveTo(Math.round(x) + 0.5, Math.round(y) + 0.5);
  pen.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
  pen.stroke();
}

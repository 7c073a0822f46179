/** The layer over the waveform: drawn curves and their points, and what the kick does, as SVG. */

import { element, the } from "./dom.js";
import { height, LAST_MS, NAMES, ONSET_MS, said, SPANS } from "./points.js";

/** @typedef {import("./points.js").Point} Point */
/** @typedef {import("./points.js").CurveName} CurveName */

const SVG = "http://www.w3.org/2000/svg";
const TOUCHED = 13; // CSS pixels around a point that belong to it: fingers are wide
const SEEN = 5;

export const layer = document.createElementNS(SVG, "svg");
set(layer, { id: "draw-layer", role: "group", "aria-label": "Drawn curves: arrow keys move a point, Delete removes it" });

/** @param {Element} node @param {Record<string, string | number>} attributes */
function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
}

/** @param {string} tag @param {Record<string, string | number>} attributes */
function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  set(made, attributes);
  return made;
}

/** The point that an event is of. @param {EventTarget | null} target @returns {{name: CurveName, at: number} | null} */
export function pointOf(target) {
  const node = target instanceof Element ? target.closest("[data-curve]") : null;
  return node ? { name: /** @type {CurveName} */ (node.getAttribute("data-curve")), at: Number(node.getAttribute("data-at")) } : null;
}

/** The point that is nearest to the pointer, where one is near: points of two curves may lie over each other. @param {MouseEvent} event @returns {{name: CurveName, at: number} | null} */
export function pointAt(event) {
  const box = layer.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  let [best, near] = [/** @type {Element | null} */ (null), TOUCHED];
  for (const node of layer.querySelectorAll("[data-curve]")) {
    const [cx, cy] = ["cx", "cy"].map((name) => Number(node.firstElementChild?.getAttribute(name)));
    const away = Math.hypot(cx - x, cy - y);
    if (away < near) [best, near] = [node, away];
  }
  return pointOf(best);
}

/** The next painting gives the focus to a point. @type {{name: CurveName, at: number} | null} */
let wanted = null;

/** @param {CurveName} name @param {number} at */
export function focusOn(name, at) {
  wanted = { name, at };
  give();
}

function give() {
  const node = wanted && layer.querySelector(`[data-curve=${wanted.name}][data-at="${wanted.at}"]`);
  if (!(node instanceof SVGElement)) return;
  if (document.activeElement !== node) node.focus({ preventScroll: true });
  wanted = null;
}

/**
 * Paint it. Points that are there stay the same elements, so that the focus, a finger and a screen reader keep them.
 * @param {Record<CurveName, Point[]>} drawing
 * @param {Record<CurveName, boolean>} touched the others are the kick's own
 * @param {number} seconds that the width shows
 * @param {Record<CurveName, Point[]>} achieved what the kick does
 */
export function paintLayer(drawing, touched, seconds, achieved) {
  const box = the("wave", HTMLCanvasElement);
  const [width, tall] = [box.clientWidth, box.clientHeight];
  set(layer, { viewBox: `0 0 ${width} ${tall}` });
  layer.style.height = `${tall}px`;
  layer.style.marginTop = `${-tall - parseFloat(getComputedStyle(element("analysis")).rowGap)}px`;
  const shapes = NAMES.map((name) => drawing[name].length).join();
  if (layer.dataset.shapes !== shapes) {
    layer.dataset.shapes = shapes;
    wanted ??= pointOf(document.activeElement);
    if (wanted) wanted.at = Math.min(wanted.at, drawing[wanted.name].length - 1); // a kick's own curve may have fewer points by now
    layer.replaceChildren(...NAMES.flatMap((name) => [
      shape("polyline", { class: `achieved ${name}` }),
      shape("polyline", { class: `drawn ${name}` }),
    ]), ...NAMES.flatMap((name) => drawing[name].map((_, at) => dot(name, at))));
  }
  const x = (/** @type {number} */ ms) => ((ms + ONSET_MS) / 1000 / seconds) * width;
  const y = (/** @type {CurveName} */ name, /** @type {number} */ value) => (1 - height(name, value)) * tall;
  for (const name of NAMES) {
    const points = drawing[name];
    const line = (/** @type {Point[]} */ curve) => curve.map(([ms, value]) => `${x(ms).toFixed(1)},${y(name, value).toFixed(1)}`).join(" ");
    const ends = points.length ? [[0, points[0][1]], ...points, [LAST_MS, points[points.length - 1][1]]] : [];
    set(/** @type {Element} */ (layer.querySelector(`.drawn.${name}`)), { points: line(/** @type {Point[]} */ (ends)), class: `drawn ${name}${touched[name] ? "" : " own"}` });
    set(/** @type {Element} */ (layer.querySelector(`.achieved.${name}`)), { points: line(achieved[name].filter(([, value]) => value > SPANS[name].low)) });
    layer.querySelectorAll(`[data-curve=${name}]`).forEach((node, at) => {
      const [ms, value] = points[at];
      set(node, { "aria-label": `${name} point ${at + 1} of ${points.length}`, "aria-valuetext": `${said(name, value)} at ${ms} ms`, "aria-valuenow": value });
      for (const circle of node.children) set(circle, { cx: x(ms), cy: y(name, value) });
    });
  }
  give();
}

/** @param {CurveName} name @param {number} at */
function dot(name, at) {
  const { low, high } = SPANS[name];
  const node = shape("g", { class: `dot ${name}`, "data-curve": name, "data-at": at, role: "slider", tabindex: 0, "aria-valuemin": low, "aria-valuemax": high });
  node.append(shape("circle", { class: "touch", r: TOUCHED }), shape("circle", { r: SEEN }));
  return node;
}

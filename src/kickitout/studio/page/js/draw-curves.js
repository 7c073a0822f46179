/** Drawing over the waveform: points of a pitch curve and of a level curve, and beside them what the kick does. */

import { analysisOf, paint } from "./analysis.js";
import { play } from "./audio.js";
import { backend } from "./backend.js";
import { element, make, newest, say, trying } from "./dom.js";
import { focusOn, layer, paintLayer, pointAt, pointOf } from "./draw-layer.js";
import { between, guessed, LAST_MS, moved, NAMES, ONSET_MS, said, simplified, SPANS, valueAt, widest, withPoint } from "./points.js";
import { state } from "./state.js";
import { quantity } from "./words.js";
import { Wrong } from "./wrong.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./points.js").Point} Point */
/** @typedef {import("./points.js").CurveName} CurveName */
/** @typedef {Record<CurveName, Point[]>} Drawing */

const WHILE_MOVING = 2; // renders of a kick while a point moves
const AT_REST = 6;
const OWN_FROM_MS = 8; // before, the card's periods are still of the click
const NO_PITCH = "not measured"; // where the kick has none any more
const OWN_ABOVE = { pitch: 20, level: -45 };

/** @type {Drawing} */
let drawing = { pitch: [], level: [] };
/** @type {CurveName} */
let chosen = "pitch"; // where a new point goes
let focused = 0; // the point of it that was touched last
/** @type {Sound | null} */
let ours = null; // the kick that follows the drawing
/** @type {Sound | null} */
let origin = null; // while points move: where undo goes back to
let changes = 0;
let painting = 0;
/** What the kick does at the points. @type {import("./types.js").DrawnPoint[]} */
let results = [];

const toggle = make("button", { id: "draw", "aria-expanded": "false", "aria-controls": "drawing", title: "Draw a pitch curve and a level curve over this kick" }, "Draw");
const table = make("tbody", {});
const told = make("p", { class: "quiet", role: "status" });
const panel = make("div", { id: "drawing", hidden: "" });

/** @param {import("./types.js").About} about */
export function setUpDrawing(about) {
  if (!about.has_latent || about.without?.includes("curves")) return;
  element("favourite").before(toggle);
  element("wave").after(layer);
  panel.append(bar(), head(), told);
  element("analysis").after(panel);
  toggle.addEventListener("click", () => open(toggle.getAttribute("aria-expanded") !== "true"));
  layer.addEventListener("pointerdown", grab);
  layer.addEventListener("dblclick", add);
  layer.addEventListener("keydown", key);
  layer.addEventListener("focusin", (event) => {
    const dot = pointOf(event.target);
    if (dot) [chosen, focused] = [dot.name, dot.at];
    showChosen();
  });
  state.on("selected", follow);
  new ResizeObserver(repaint).observe(element("wave"));
}

function bar() {
  const choices = NAMES.map((name) => {
    const radio = make("input", { type: "radio", name: "draw-curve", value: name, id: `draw-${name}` });
    radio.checked = name === chosen;
    radio.addEventListener("change", () => {
      [chosen, focused] = [name, 0];
      repaint();
    });
    return make("label", {}, radio, ` ${name}`);
  });
  const adds = make("button", { id: "draw-add" }, "Add a point");
  adds.addEventListener("click", () => put(widest(drawing[chosen]), null));
  const removes = make("button", { id: "draw-remove" }, "Remove it");
  removes.addEventListener("click", () => remove(chosen, focused));
  const resets = make("button", { id: "draw-reset" }, "Reset");
  resets.addEventListener("click", trying(reset));
  return make("div", { class: "bar", role: "group", "aria-label": "Drawing" }, ...choices, adds, removes, resets);
}

function head() {
  const titles = ["curve", "at", "drawn", "the kick", "off"].map((title) => make("th", { scope: "col" }, title));
  const whole = make("table", {}, make("caption", { class: "hidden" }, "Points that were drawn, and what the kick does there"), make("thead", {}, make("tr", {}, ...titles)), table);
  return make("div", { class: "points", tabindex: "0", role: "region", "aria-label": "Points of the curves" }, whole);
}

/** @param {boolean} shown */
function open(shown) {
  toggle.setAttribute("aria-expanded", String(shown));
  panel.hidden = !shown;
  element("kick").classList.toggle("drawn-over", shown);
  if (shown) begin();
  paint();
  repaint();
}

const isOpen = () => !panel.hidden;

/** The curves of a kick's recipe; those that it has by itself, in few points, where none are drawn. */
function begin() {
  const sound = state.sound;
  const written = sound?.recipe?.curves;
  ours = origin = null; // a redo may come back to it, and its points are gone then
  held.clear();
  touched = { pitch: Boolean(written?.pitch), level: Boolean(written?.level) };
  const own = ownCurves();
  drawing = { pitch: written?.pitch ?? own.pitch, level: written?.level ?? own.level };
  results = (sound && analysisOf(sound)?.drawn?.points) ?? [];
  [chosen, focused] = ["pitch", 0];
}

/** What the kick does by itself, in few points: guessed, until its analysis has come. @returns {Drawing} */
function ownCurves() {
  const sound = state.sound;
  if (!sound || !analysisOf(sound)) return guessed(sound?.base ?? sound?.card ?? null);
  const own = achievedCurves();
  const few = (/** @type {CurveName} */ name) =>
    simplified(name, own[name].filter(([ms, value]) => ms >= OWN_FROM_MS && ms <= LAST_MS && value > OWN_ABOVE[name]));
  return { pitch: few("pitch"), level: few("level") };
}

/** A curve that was not drawn is what the kick does now: what was drawn of the other one moves it, too. */
function followOwn() {
  if (held.size) return; // not under a hand
  const own = ownCurves();
  for (const name of NAMES) if (!touched[name]) drawing = { ...drawing, [name]: own[name] };
  focused = Math.max(0, Math.min(focused, drawing[chosen].length - 1));
}

/** Which curves were drawn: the others stay the kick's own. @type {Record<CurveName, boolean>} */
let touched = { pitch: false, level: false };
/** Pointers that hold a point. @type {Set<number>} */
const held = new Set();

function follow() {
  if (!isOpen() || state.sound === ours) return repaint();
  begin();
  repaint();
}

/** The analysis of a kick has come: its own curves are known. @param {Sound} sound */
export function analysisCame(sound) {
  if (!isOpen() || sound !== state.sound) return;
  followOwn();
  results = analysisOf(sound)?.drawn?.points ?? results;
  repaint();
}

// What is drawn ----------------------------------------------------------------------------------------------------------

/** @param {CurveName} name @param {Point[]} points @param {boolean} resting */
function change(name, points, resting) {
  drawing = { ...drawing, [name]: points };
  touched[name] = true;
  repaint();
  const turn = ++changes;
  render(turn, resting);
}

const render = newest(async (/** @type {number} */ turn, /** @type {boolean} */ resting) => {
  const here = state.sound;
  const from = origin ?? here;
  if (!from) return;
  if (!from.recipe) throw new Wrong("This is your own sound; only the model's version of it can be drawn on: My sound, Use the model's.");
  const fresh = origin === null;
  const { sounds, head } = await backend.draw(from.recipe, touched.pitch ? drawing.pitch : [], touched.level ? drawing.level : [], resting ? AT_REST : WHILE_MOVING);
  if (!isOpen() || state.sound !== here) return; // another kick was selected meanwhile, or this one undone
  ours = sounds[0];
  results = head.points;
  if (fresh) state.select(ours, state.targets);
  else state.amend(ours, state.targets);
  origin = resting && turn === changes ? null : from;
  if (resting) {
    play(ours);
    const far = results.filter(({ curve, error }) => error === null || Math.abs(error) > SPANS[curve].far).length;
    say(`${results.length} points drawn, ${far ? `${far} not followed` : "all followed"}`);
  }
  repaint();
});

/** Take what was drawn off the kick. */
async function reset() {
  const sound = state.sound;
  if (!sound?.recipe) return;
  if (sound.recipe.curves) {
    const { curves: _, ...rest } = sound.recipe;
    const { sounds } = await backend.render([rest]);
    ours = origin = null;
    state.select(sounds[0], state.targets);
    play(sounds[0]);
  }
  begin();
  repaint();
}

/** @param {number} ms @param {number | null} value null: where the curve is */
function put(ms, value) {
  const points = drawing[chosen];
  const made = withPoint(points, ms, value ?? (points.length ? between(chosen, points, ms) : valueAt(chosen, 0.5)));
  if (!made) return;
  focused = made.at;
  change(chosen, made.points, true);
  focusOn(chosen, focused);
}

/** @param {CurveName} name @param {number} at */
function remove(name, at) {
  if (drawing[name].length < 2) return;
  focused = Math.max(0, at - 1);
  change(name, drawing[name].filter((_, i) => i !== at), true);
  focusOn(name, focused);
}

// Hands ------------------------------------------------------------------------------------------------------------------

/** Where the pointer is: ms, and a height from 0 to 1. @param {MouseEvent} event */
function positionOf(event) {
  const box = layer.getBoundingClientRect();
  return { ms: ((event.clientX - box.left) / box.width) * seconds() * 1000 - ONSET_MS, share: 1 - (event.clientY - box.top) / box.height };
}

const seconds = () => (state.sound ? state.sound.samples[0].length / state.sound.rate : 0.5);

/** @param {PointerEvent} event */
function grab(event) {
  const dot = pointAt(event);
  if (!dot) return;
  event.preventDefault();
  [chosen, focused] = [dot.name, dot.at];
  focusOn(dot.name, dot.at);
  layer.setPointerCapture(event.pointerId);
  held.add(event.pointerId);
  const hand = new AbortController(); // one finger's: what it listens to ends with it
  let last = false;
  const drag = (/** @type {PointerEvent} */ at) => {
    if (at.pointerId !== event.pointerId) return;
    const { ms, share } = positionOf(at);
    last = true;
    change(dot.name, moved(dot.name, drawing[dot.name], dot.at, ms, valueAt(dot.name, share)), false);
  };
  const drop = (/** @type {PointerEvent} */ at) => {
    if (at.pointerId !== event.pointerId) return;
    hand.abort();
    held.delete(event.pointerId);
    if (last) return change(dot.name, drawing[dot.name], true);
    followOwn(); // an analysis may have come meanwhile
    repaint();
  };
  layer.addEventListener("pointermove", drag, { signal: hand.signal });
  for (const kind of /** @type {const} */ (["pointerup", "pointercancel"])) layer.addEventListener(kind, drop, { signal: hand.signal });
}

/** @param {MouseEvent} event */
function add(event) {
  if (pointAt(event)) return;
  const { ms, share } = positionOf(event);
  put(ms, valueAt(chosen, share));
}

/** @param {KeyboardEvent} event */
function key(event) {
  const dot = pointOf(event.target);
  if (!dot || event.ctrlKey || event.metaKey || event.altKey) return;
  const { name, at } = dot;
  const [ms, value] = drawing[name][at];
  const { log, step } = SPANS[name];
  const [much, up] = [event.shiftKey ? 10 : 1, event.shiftKey ? 1 : 0];
  const raised = (/** @type {number} */ way) => Number((log ? value * (up ? step : step ** 0.1) ** way : value + way * (up ? step * 5 : step * 0.5)).toFixed(2));
  const to = { ArrowLeft: [ms - much, value], ArrowRight: [ms + much, value], ArrowUp: [ms, raised(1)], ArrowDown: [ms, raised(-1)] }[event.key];
  if (to) change(name, moved(name, drawing[name], at, to[0], to[1]), true);
  else if (event.key === "Delete" || event.key === "Backspace") remove(name, at);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// Paint ------------------------------------------------------------------------------------------------------------------

/** Once a frame, however much has changed. */
function repaint() {
  if (painting || !isOpen()) return;
  painting = requestAnimationFrame(() => {
    painting = 0;
    paintLayer(drawing, touched, seconds(), achievedCurves());
    showChosen();
    write();
    document.dispatchEvent(new CustomEvent("kick-drawn", { detail: performance.now() }));
  });
}

/** What the kick does, as its analysis has it. @returns {Drawing} */
function achievedCurves() {
  const analysis = state.sound && analysisOf(state.sound);
  if (!analysis) return { pitch: [], level: [] };
  const zero = analysis.drawn?.zero_db ?? Math.max(...analysis.level.db);
  return {
    pitch: analysis.pitch.ms.map((ms, i) => [ms - ONSET_MS, analysis.pitch.hz[i]]),
    level: analysis.level.ms.map((ms, i) => [ms - ONSET_MS, analysis.level.db[i] - zero]),
  };
}

function showChosen() {
  for (const name of NAMES) /** @type {HTMLInputElement} */ (element(`draw-${name}`)).checked = name === chosen;
  layer.dataset.chosen = chosen;
}

/** The numbers beside each other: drawn, and what the kick does. */
function write() {
  const rows = NAMES.flatMap((name) => (touched[name] ? drawing[name].map(([ms, value]) => {
    const there = results.find((one) => one.curve === name && one.ms === ms && Math.abs(one.drawn - value) < 0.01);
    const far = !there || there.error === null || Math.abs(there.error) > SPANS[name].far;
    const off = !there ? "" : there.error === null ? NO_PITCH : `${there.error > 0 ? "+" : ""}${quantity(there.error, SPANS[name].error)}`;
    const cells = [`${ms} ms`, said(name, value), there && there.achieved !== null ? said(name, there.achieved) : "–", off];
    return make("tr", there && far ? { class: "far" } : {}, make("th", { scope: "row" }, name), ...cells.map((cell) => make("td", {}, cell)));
  }) : []));
  table.replaceChildren(...rows);
  told.textContent = rows.length ? "" : "These are the kick's own curves. Drag a point, double-click for a new one, or use the arrow keys: the kick follows.";
}

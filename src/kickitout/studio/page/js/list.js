/** The kicks of the map as a table: for keyboards, for screen readers, and for whoever knows which number is wanted. */

import { play } from "./audio.js";
import { found } from "./find.js";
import { button, element, make, the, trying } from "./dom.js";
import { state } from "./state.js";
import { noteOf, quantity } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {{name: string, field: string, unit: string, meaning: string}} Column */

/** @type {Column[]} */
const COLUMNS = [
  { name: "note", field: "pitch_end_hz", unit: "Hz", meaning: "pitch of the tail" },
  { name: "decay", field: "decay_t20_ms", unit: "ms", meaning: "time to fall by 20 dB" },
  { name: "sweep", field: "sweep_ms", unit: "ms", meaning: "time of the pitch's fall" },
  { name: "click", field: "click_level_db", unit: "dB", meaning: "energy above 2 kHz at the start" },
  { name: "tone", field: "click_centroid_hz", unit: "Hz", meaning: "where the click lies" },
  { name: "sub", field: "sub_share", unit: "%", meaning: "share of the sub" },
  { name: "loudness", field: "loudness_lufs", unit: "LUFS", meaning: "how loud it is" },
];
/** @type {{field: string, down: boolean} | null} null: the order of the map */
let order = null;
/** @type {Sound[]} */
let rows = [];
let drawn = 0;

export function setUpList() {
  const heads = COLUMNS.map(({ name, field, meaning }) => {
    const sort = make("button", { title: `Sort by ${name}: ${meaning}` }, name);
    sort.addEventListener("click", () => {
      order = { field, down: order?.field === field ? !order.down : false };
      show();
    });
    return make("th", { scope: "col", "data-field": field }, sort);
  });
  element("list-head").replaceChildren(make("th", { scope: "col" }, "kept"), make("th", { scope: "col" }, "kick"), ...heads);
  for (const id of ["view-map", "view-list"]) button(id).addEventListener("click", () => view(id === "view-list"));
  const body = the("list-rows", HTMLTableSectionElement);
  body.addEventListener("keydown", key);
  body.addEventListener("click", (event) => {
    const at = rowOf(event.target);
    if (at < 0) return;
    const star = event.target instanceof Element && event.target.closest("[data-star]");
    if (star) keep(at);
    else choose(at, event.timeStamp);
  });
  state.on("selected", mark);
  state.on("favourites", mark);
}

/** @param {boolean} list */
function view(list) {
  element("list").hidden = !list;
  element("map").hidden = list;
  button("view-list").setAttribute("aria-pressed", String(list));
  button("view-map").setAttribute("aria-pressed", String(!list));
  if (list) show();
}

/** Write the table anew, where it is looked at. */
export function show() {
  if (element("list").hidden || drawn) return;
  drawn = requestAnimationFrame(() => {
    drawn = 0;
    write();
  });
}

function write() {
  const at = focused();
  const had = at >= 0 ? rows[at] : null;
  rows = sorted(found());
  for (const head of element("list-head").querySelectorAll("[data-field]")) {
    const on = order !== null && head.getAttribute("data-field") === order.field;
    head.setAttribute("aria-sort", on ? (order?.down ? "descending" : "ascending") : "none");
  }
  element("list-rows").replaceChildren(...rows.map((sound) => line(sound)));
  mark();
  if (had) focus(Math.max(0, rows.indexOf(had)));
}

/** @param {Sound[]} sounds */
function sorted(sounds) {
  if (!order) return [...sounds];
  const { field, down } = order;
  const value = (/** @type {Sound} */ sound) => {
    const found = sound.card?.[field];
    return typeof found === "number" ? (down ? -found : found) : Infinity; // what has none is last in both ways
  };
  return [...sounds].sort((a, b) => value(a) - value(b));
}

/** @param {Sound} sound */
function line(sound) {
  const cells = COLUMNS.map((column) => make("td", {}, worded(sound, column)));
  const star = make("td", { "data-star": "" }, "");
  return make("tr", { tabindex: "-1" }, star, make("th", { scope: "row" }, sound.name), ...cells);
}

/** @param {Sound} sound @param {Column} column */
function worded(sound, { field, unit }) {
  const value = sound.card?.[field];
  if (typeof value !== "number") return "–";
  if (field === "pitch_end_hz") return noteOf(value).text;
  return unit === "%" ? `${Math.round(100 * value)} %` : quantity(value, unit);
}

/** Which one is selected, which ones are kept, and where Tab goes. */
function mark() {
  if (element("list").hidden) return;
  const lines = [...element("list-rows").children];
  const chosen = rows.findIndex((sound) => sound === state.sound);
  const there = focused();
  lines.forEach((one, i) => {
    const kept = state.keeps(rows[i]);
    one.setAttribute("aria-selected", String(i === chosen));
    one.setAttribute("tabindex", i === (there >= 0 ? there : Math.max(0, chosen)) ? "0" : "-1");
    one.children[0].textContent = kept ? "★" : "☆";
    one.children[0].setAttribute("aria-label", kept ? "a favourite" : "no favourite");
  });
}

/** @param {EventTarget | null} target */
function rowOf(target) {
  const one = target instanceof Element ? target.closest("tr") : null;
  return one ? [...element("list-rows").children].indexOf(one) : -1;
}

const focused = () => rowOf(document.activeElement);

/** @param {number} at */
function focus(at) {
  const lines = /** @type {HTMLElement[]} */ ([...element("list-rows").children]);
  const one = lines[Math.min(Math.max(at, 0), lines.length - 1)];
  lines.forEach((line) => line.setAttribute("tabindex", line === one ? "0" : "-1"));
  one?.focus();
}

/** @param {number} at @param {number} since */
function choose(at, since) {
  focus(at);
  play(rows[at], { since });
  state.select(rows[at]);
}

/** @param {number} at */
const keep = (at) => trying(() => state.toggleFavourite(rows[at]))();

/** @param {KeyboardEvent} event */
function key(event) {
  const at = rowOf(event.target);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: rows.length - 1 }[event.key];
  if (to !== undefined) focus(to);
  else if (event.key === "Enter") choose(at, event.timeStamp);
  else if (event.key === " ") keep(at);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

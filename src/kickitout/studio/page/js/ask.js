/** Ask: knobs in notes, milliseconds and decibels. A knob that was turned is locked; the others are free. */

import { backend } from "./backend.js";
import { play } from "./audio.js";
import { button, element, make, newest, say, trying } from "./dom.js";
import { state } from "./state.js";
import { noteOf, parse, quantity } from "./words.js";

/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Line} Line */

const QUICK_ROUNDS = 2; // renders while a knob is being turned; the rest of them when it is let go
const ALL_ROUNDS = 14; // as many as kickitout.generation.ask takes
const TICKS = 1000; // of a slider

/** @typedef {{control: Control, slider: HTMLInputElement, text: HTMLInputElement, lock: HTMLButtonElement, came: HTMLElement}} Knob */
/** @type {Knob[]} */
let knobs = [];
/** @type {Line[]} */
let lines = [];
let turning = "";
/** @type {Record<string, number> | null} */
let wanted = null; // what was asked for and is not answered yet
/** @type {string[]} */
let names = [];

/** @param {import("./types.js").About} about */
export function setUpAsk(about) {
  if (!about.turnable) {
    element("ask-help").textContent = "This model makes kicks from seeds alone and cannot be asked; the default model can.";
    button("reroll").disabled = button("release").disabled = true;
    return;
  }
  names = about.knobs;
  knobs = about.controls.map(addKnob);
  if (about.without?.includes("measuring")) {
    element("knobs").classList.add("plain");
    element("tab-ask").textContent = "Turn";
    element("ask-help").textContent = "Knobs of the model: each is relative to the kick as it is. kick studio asks in notes, ms and dB.";
  }
  element("knobs").append(...knobs.map(({ lock }) => /** @type {HTMLElement} */ (lock.parentElement)));
  button("reroll").addEventListener("click", trying(reroll));
  button("release").addEventListener("click", () => {
    if (!state.sound) return;
    lines = [];
    wanted = null;
    state.select(state.sound, {});
  });
  state.on("selected", show);
  state.on("moved", () => (lines = []));
}

/** @param {Control} control @returns {Knob} */
function addKnob(control) {
  const id = `knob-${control.name}`;
  const lock = make("button", { class: "lock", "aria-pressed": "false", "aria-label": `Lock ${control.name}`, title: `Lock ${control.name}` });
  lock.innerHTML =
    '<svg viewBox="0 0 16 16" aria-hidden="true"><path class="shackle" d="M5 7V5a3 3 0 0 1 6 0v2"/><rect x="3" y="7" width="10" height="7" rx="1.5"/></svg>';
  const slider = make("input", { type: "range", id, min: "0", max: String(TICKS), step: "1", "aria-describedby": `${id}-came` });
  const text = make("input", { type: "text", "aria-label": `${control.name}, typed`, autocomplete: "off", spellcheck: "false" });
  const came = make("span", { class: "came", id: `${id}-came` });
  make("div", { class: "knob" }, lock, make("label", { for: id, title: control.meaning }, control.name.replace("_", " ")), slider, text, came);
  const knob = { control, slider, text, lock, came };
  slider.addEventListener("input", () => turn(knob, fromTicks(control, slider.valueAsNumber), true));
  slider.addEventListener("change", () => turn(knob, fromTicks(control, slider.valueAsNumber), false));
  text.addEventListener("change", () => {
    const value = parse(text.value, control.unit);
    if (!(value >= control.low && value <= control.high)) {
      came.textContent = `${quantity(control.low, control.unit)} to ${quantity(control.high, control.unit)}`;
      came.classList.add("far");
      return;
    }
    text.value = shown(control, value);
    turn(knob, value, false);
  });
  lock.addEventListener("click", () => {
    const value = current(knob);
    if (!state.sound || value === null) return;
    const request = { ...asked() };
    if (control.name in request) delete request[control.name];
    else request[control.name] = value;
    state.select(state.sound, request);
  });
  return knob;
}

/** @param {Control} control @param {number} ticks */
function fromTicks({ scale, low, high }, ticks) {
  const share = ticks / TICKS;
  return scale === "log2" ? low * (high / low) ** share : low + share * (high - low);
}

/** @param {Control} control @param {number} value */
function toTicks({ scale, low, high }, value) {
  const share = scale === "log2" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(TICKS * Math.min(Math.max(share, 0), 1));
}

/** What a knob's field is in the selected kick; null where it has none. @param {Knob} knob */
function current({ control }) {
  const { sound } = state;
  if (!sound) return null;
  if (!control.field) return sound.recipe?.knobs?.[names.indexOf(control.name)] ?? 0; // a plain knob, not a measure
  const card = sound.card;
  if (control.name === "balance") {
    const [sub, body] = [Number(card?.sub_share), Number(card?.body_share)];
    return 10 * Math.log10(Math.max(sub, 1e-9) / Math.max(body, 1e-9));
  }
  const value = card?.[control.field];
  return typeof value === "number" ? value : null;
}

/** @param {Knob} knob @param {number} value @param {boolean} moving */
function turn(knob, value, moving) {
  wanted = { ...asked(), [knob.control.name]: value };
  knob.lock.setAttribute("aria-pressed", "true");
  label(knob, value);
  const first = turning !== knob.control.name;
  turning = moving ? knob.control.name : "";
  send(wanted, moving, first, performance.now());
}

/** The locked knobs and their values, with those that are still being met. */
const asked = () => wanted ?? state.request;

const send = newest(async (/** @type {Record<string, number>} */ request, /** @type {boolean} */ moving, /** @type {boolean} */ first, /** @type {number} */ since) => {
  const sound = state.sound;
  let answer;
  try {
    if (!sound?.recipe) throw new Error("This sound was not made by the model; go on from the model's own version of it first.");
    answer = await backend.ask(request, sound.recipe, moving ? QUICK_ROUNDS : ALL_ROUNDS);
  } finally {
    if (wanted === request) wanted = null;
  }
  if (state.sound !== sound) return; // another kick was selected meanwhile
  lines = answer.head.lines;
  const made = answer.sounds[0];
  play(made, { since });
  const ms = performance.now() - since; // from the knob to the sound
  if (first && moving) state.select(made, request);
  else state.amend(made, request);
  document.dispatchEvent(new CustomEvent("kick-asked", { detail: { ms, moving } }));
  if (!moving) say(lines.map(inWords).join("; "));
});

async function reroll() {
  const seed = Math.floor(Math.random() * 1e6);
  element("ask-said").textContent = "…";
  const request = asked();
  const { sounds, head } = await backend.askSeed(request, seed);
  wanted = null;
  lines = head.lines;
  play(sounds[0]);
  state.select(sounds[0], request);
  element("ask-said").textContent = `seed ${seed}`;
  say(lines.map(inWords).join("; ") || `seed ${seed}`);
}

/** @param {Line} line */
function inWords(line) {
  const { name, achieved, unit, error, error_unit: errorUnit, reached } = line;
  if (achieved === null) return `${name}: this kick has none`;
  return `${name} ${quantity(achieved, unit)}, ${quantity(error ?? 0, errorUnit)} off${reached ? "" : `, ${limits(line)}`}`;
}

/** What a kick can give that does not give what was asked for. @param {Line} line */
function limits({ requested, reachable, unit }) {
  if (!reachable || (reachable[0] <= requested && requested <= reachable[1])) return "as near as this kick goes";
  return `this kick goes from ${quantity(reachable[0], unit)} to ${quantity(reachable[1], unit)}`;
}

function show() {
  for (const knob of knobs) {
    const locked = knob.control.name in asked();
    knob.lock.setAttribute("aria-pressed", String(locked));
    const value = locked ? asked()[knob.control.name] : current(knob);
    if (turning !== knob.control.name) knob.slider.value = String(toTicks(knob.control, value ?? knob.control.low));
    label(knob, value);
    achieved(knob, locked);
  }
}

/** @param {Control} control */
const isNote = (control) => control.name === "pitch" && control.unit === "Hz";

/** What stands in a knob's field. @param {Control} control @param {number | null} value */
function shown(control, value) {
  if (value === null) return "none";
  if (isNote(control)) return noteOf(value).text;
  return control.field || control.unit === "dB" ? quantity(value, control.unit) : value.toFixed(2).replace("-", "−");
}

/** @param {Knob} knob @param {number | null} value */
function label({ control, slider, text }, value) {
  const words = shown(control, value);
  if (document.activeElement !== text) text.value = words;
  slider.setAttribute("aria-valuetext", value !== null && isNote(control) ? `${words} cents, ${quantity(value, "Hz")}` : words);
}

/** What came, and how far off that is. @param {Knob} knob @param {boolean} locked */
function achieved(knob, locked) {
  const { control, came } = knob;
  came.classList.remove("far");
  const value = current(knob);
  if (!control.field) {
    came.textContent = control.unit === "dB" ? (locked ? "set" : "") : control.unit;
    return;
  }
  if (!locked || value === null) {
    came.textContent = locked ? "this kick has none" : isNote(control) && value !== null ? quantity(value, "Hz") : "";
    if (locked) came.classList.add("far");
    return;
  }
  const line = lines.find((l) => l.name === control.name);
  const goal = asked()[control.name];
  const [off, unit] =
    control.unit === "Hz" ? [1200 * Math.log2(value / goal), "cents"]
    : control.unit === "ms" ? [100 * (value / goal - 1), "%"]
    : [value - goal, "dB"];
  const beyond = line && !line.reached && turning === "";
  const sign = off >= 0.05 ? "+" : off > -0.05 ? "±" : "";
  came.replaceChildren("→ ", make("b", {}, quantity(value, control.unit)), ` ${sign}${quantity(Math.abs(off) < 0.05 ? 0 : off, unit)}`);
  came.title = beyond ? limits(line) : "achieved, and how far that is off";
  if (beyond) came.classList.add("far");
}

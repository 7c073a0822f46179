/** Ask: knobs in notes, milliseconds and decibels. A knob that was turned is locked; the others are free. */

import { expectation, reachOf, turnFor } from "./aims.js";
import { backend } from "./backend.js";
import { play } from "./audio.js";
import { button, element, make, newest, say, trying } from "./dom.js";
import { state } from "./state.js";
import { noteOf, parse, quantity, range } from "./words.js";

/** @typedef {import("./types.js").Control} Control */
/** @typedef {import("./types.js").Line} Line */

const QUICK_ROUNDS = 2; // renders while a knob is being turned; the rest of them when it is let go
const ALL_ROUNDS = 14; // as many as kickitout.generation.ask takes
const TICKS = 1000; // of a slider
const ROLLS = 12; // kicks that are looked at for one that gets to a locked note

/** @typedef {{control: Control, slider: HTMLInputElement, text: HTMLInputElement, lock: HTMLButtonElement, came: HTMLElement, refused: string}} Knob  refused: what would work, where what was typed does not */
/** @type {Knob[]} */
let knobs = [];
/** @type {Line[]} */
let lines = [];
let turning = "";
let fresh = false; // the next answer is a step of its own, that undo goes back from
/** @type {Record<string, number> | null} */
let wanted = null; // what was asked for and is not answered yet
/** @type {string[]} */
let names = [];
let plain = false; // knobs of the model by themselves, where nothing is measured
/** @type {Record<string, import("./types.js").Aim>} */
let aims = {}; // which of those knobs say beforehand what the card will say
let measuredKicks = 0; // of an exported site: the first seeds

/** @param {import("./types.js").About} about */
export function setUpAsk(about) {
  if (!about.turnable) {
    element("ask-help").textContent = "This model makes kicks from seeds alone and cannot be asked; the default model can.";
    button("reroll").disabled = button("release").disabled = true;
    return;
  }
  names = about.knobs;
  plain = about.without?.includes("measuring") ?? false;
  aims = about.aims ?? {};
  measuredKicks = about.measured ?? 0;
  knobs = about.controls.map(addKnob);
  if (plain) {
    element("knobs").classList.add("plain");
    element("tab-ask").textContent = "Turn";
    element("ask-help").textContent =
      "Turn, or type F1+20 or −24dB: ≈ is what to expect of a kick of the map. Other kicks are turned by semitones and decibels.";
  }
  element("knobs").append(...knobs.map(({ lock }) => /** @type {HTMLElement} */ (lock.parentElement)));
  button("reroll").addEventListener("click", trying(reroll));
  button("release").addEventListener("click", () => {
    if (!state.sound) return;
    lines = [];
    wanted = null;
    for (const knob of knobs) knob.refused = "";
    state.select(state.sound, {});
  });
  state.on("selected", () => {
    element("ask-said").textContent = ""; // a seed that was rolled before
    for (const knob of knobs) if (document.activeElement !== knob.text) knob.refused = "";
    show();
  });
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
  const knob = { control, slider, text, lock, came, refused: "" };
  slider.addEventListener("input", () => turn(knob, fromTicks(control, slider.valueAsNumber), true));
  slider.addEventListener("change", () => turn(knob, fromTicks(control, slider.valueAsNumber), false));
  text.addEventListener("change", () => {
    const value = typed(knob);
    if (!(value >= control.low && value <= control.high)) {
      knob.refused = whatWorks(knob);
      achieved(knob, control.name in asked());
      return;
    }
    text.value = shown(knob, value);
    turn(knob, value, false);
  });
  text.addEventListener("input", () => {
    const value = typed(knob);
    if (!knob.refused || !(value >= control.low && value <= control.high)) return;
    knob.refused = ""; // it would work now
    achieved(knob, control.name in asked());
  });
  lock.addEventListener("click", () => {
    const value = current(knob);
    if (!state.sound || value === null) return;
    knob.refused = "";
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
  knob.refused = "";
  wanted = { ...asked(), [knob.control.name]: value };
  knob.lock.setAttribute("aria-pressed", "true");
  label(knob, value);
  if (turning !== knob.control.name) fresh = true; // letting go ends a turn that has its step already
  turning = moving ? knob.control.name : "";
  send(wanted, moving, performance.now());
}

/** The locked knobs and their values, with those that are still being met. */
const asked = () => wanted ?? state.request;

const send = newest(async (/** @type {Record<string, number>} */ request, /** @type {boolean} */ moving, /** @type {number} */ since) => {
  const sound = state.sound;
  let answer;
  try {
    if (!sound?.recipe) throw new Error("This is your own sound; only the model's version of it can be turned: My sound, Use the model's.");
    answer = await backend.ask(request, sound.recipe, moving ? QUICK_ROUNDS : ALL_ROUNDS);
  } catch (error) {
    if (wanted === request) {
      wanted = null;
      show(); // what was asked for is not what there is
      for (const knob of knobs) knob.text.value = shown(knob, valueOf(knob));
    }
    throw error;
  }
  if (wanted === request) wanted = null;
  if (state.sound !== sound) return; // another kick was selected meanwhile
  lines = answer.head.lines;
  const made = answer.sounds[0];
  play(made, { since });
  const ms = performance.now() - since; // from the knob to the sound
  if (fresh) state.select(made, request);
  else state.amend(made, request);
  fresh = false;
  document.dispatchEvent(new CustomEvent("kick-asked", { detail: { ms, moving } }));
  if (!moving) say(lines.map(inWords).join("; "));
});

/**
 * The locked knobs for another kick of the map: one that says what to expect stays at its note, not at its semitones.
 * kept: whether this kick gets to all of them.
 * @param {number} seed
 */
async function carriedOver(seed) {
  const request = { ...asked() };
  const other = (await backend.play([{ seed }])).sounds[0];
  let kept = true;
  for (const knob of knobs) {
    const { name, low, high } = knob.control;
    const goal = name in request ? expected(knob, request[name]) : null;
    if (!goal) continue;
    const turn = turnFor(goal.aim, other, knob.control, goal.value);
    kept &&= turn >= low && turn <= high;
    const reach = reachOf(goal.aim, other, knob.control);
    const nearest = reach ? turnFor(goal.aim, other, knob.control, Math.min(Math.max(goal.value, reach[0]), reach[1])) : NaN;
    if (!Number.isNaN(nearest)) request[name] = Math.min(Math.max(nearest, low), high);
  }
  return { request, kept };
}

/** Another kick: in an exported site one of the map, which keeps the notes that are locked if one is found that does. */
async function rolled() {
  let seed = Math.floor(Math.random() * (measuredKicks || 1e6));
  let request = asked();
  for (let i = 0; measuredKicks && i < ROLLS; i++) {
    if (i) seed = Math.floor(Math.random() * measuredKicks);
    const found = await carriedOver(seed);
    request = found.request;
    if (found.kept) break;
  }
  return { seed, request, answer: await backend.askSeed(request, seed) };
}

async function reroll() {
  element("ask-said").textContent = "…";
  const { seed, request, answer } = await rolled().catch((error) => {
    element("ask-said").textContent = "";
    throw error;
  });
  const { sounds, head } = answer;
  wanted = null;
  lines = head.lines;
  for (const knob of knobs) knob.refused = "";
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

/** What a knob stands at: what was asked for, or what the kick has. @param {Knob} knob */
const valueOf = (knob) => (knob.control.name in asked() ? asked()[knob.control.name] : current(knob));

function show() {
  for (const knob of knobs) {
    const locked = knob.control.name in asked();
    knob.lock.setAttribute("aria-pressed", String(locked));
    const value = valueOf(knob);
    if (turning !== knob.control.name) knob.slider.value = String(toTicks(knob.control, value ?? knob.control.low));
    label(knob, value);
    achieved(knob, locked);
  }
}

/** @param {Control} control */
const isNote = (control) => control.name === "pitch" && control.unit === "Hz";

/** What is to be expected of a knob of the model, and in which unit; null where that is not known. @param {Knob} knob @param {number} value */
function expected({ control }, value) {
  const aim = aims[control.name];
  const there = expectation(aim, state.sound, control, value);
  return there && { aim, ...there };
}

/** What somebody typed, as a value of the knob: where it says what is to be expected, that may be typed. @param {Knob} knob */
function typed(knob) {
  const { control, text } = knob;
  const zero = expected(knob, 0);
  const goal = zero ? parse(text.value, zero.aim.unit) : NaN;
  if (!zero || Number.isNaN(goal)) return parse(text.value, control.unit);
  return turnFor(zero.aim, state.sound, control, goal);
}

/** What may be typed, in the unit that is typed. @param {Knob} knob */
function whatWorks({ control, text }) {
  const aim = aims[control.name];
  const reach = reachOf(aim, state.sound, control);
  if (aim && reach) return range(reach[0], reach[1], aim.unit);
  if (aim && !Number.isNaN(parse(text.value, aim.unit)) && Number.isNaN(parse(text.value, control.unit))) {
    return aim.unit === "Hz" ? "no note is known of this kick" : `no ${aim.unit} is known of this kick`;
  }
  return range(control.low, control.high, control.unit);
}

/** What stands in a knob's field. @param {Knob} knob @param {number | null} value */
function shown(knob, value) {
  const { control } = knob;
  if (value === null) return "none";
  const there = expected(knob, value);
  if (there) return there.aim.unit === "Hz" ? noteOf(there.value).text : quantity(there.value, there.aim.unit);
  if (isNote(control)) return noteOf(value).text;
  return control.field || control.unit === "dB" ? quantity(value, control.unit) : value.toFixed(2).replace("-", "−");
}

/** @param {Knob} knob @param {number | null} value */
function label(knob, value) {
  const { control, slider, text } = knob;
  const words = shown(knob, value);
  if (document.activeElement !== text) text.value = words;
  slider.setAttribute("aria-valuetext", value !== null && isNote(control) ? `${words} cents, ${quantity(value, "Hz")}` : words);
}

/** What came, and how far off that is. @param {Knob} knob @param {boolean} locked */
function achieved(knob, locked) {
  const { control, came } = knob;
  came.classList.remove("far");
  const value = current(knob);
  if (knob.refused) {
    came.textContent = came.title = knob.refused;
    came.classList.add("far");
    return;
  }
  const there = expected(knob, value ?? 0);
  if (there) {
    const off = there.within ? ` ±${quantity(there.within, there.aim.within_unit).replace(/(\.\d)? cents/, " ct")}` : "";
    came.textContent = `≈ ${quantity(there.value, there.aim.unit)}${off}`;
    came.title = off ? `to be expected, not measured: nine of ten kicks come within ${quantity(there.within, there.aim.within_unit)}` : "measured when this page was written";
    return;
  }
  came.title = "";
  if (plain) {
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

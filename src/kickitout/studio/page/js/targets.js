/** Targets in notes, milliseconds and decibels. A control that was moved is locked; the others are free. */

import { expectation, getsTo, reachOf, turnFor } from "./calibration.js";
import { backend } from "./backend.js";
import { play } from "./audio.js";
import { MODEL_S } from "./curves.js";
import { button, element, make, newest, say, the, trying } from "./dom.js";
import { state } from "./state.js";
import { limits, lineInWords, noteOf, parse, quantity, range, withUnrest } from "./words.js";

/** @typedef {import("./types.js").Measured} Measured */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./types.js").TargetResult} TargetResult */

const QUICK_ROUNDS = 2; // renders while a control moves; the rest of them when it is let go
const ALL_ROUNDS = 14; // as many as kickitout.generation.match takes
const TICKS = 1000; // of a slider

/** @typedef {{target: Target, slider: HTMLInputElement, text: HTMLInputElement, lock: HTMLButtonElement, result: HTMLElement, refused: string}} Row  refused: what would work, where what was typed does not */
/** @type {Row[]} */
let rows = [];
/** @type {TargetResult[]} */
let lines = [];
let inHand = ""; // the name of the control that is being moved
let fresh = false; // the next reply is a step of its own, that undo goes back from
/** @type {Record<string, number> | null} */
let pending = null; // targets that are not matched yet
let course = 0; // counts up with each wish that ends those before it: their answers are no longer wanted
let rolling = false; // whether another kick is on its way
let arriving = false; // whether what is selected now is the answer to a wish
/** @type {string[]} */
let names = [];
let plain = false; // the model's own controls, where nothing is measured
/** @type {Record<string, import("./types.js").Calibration>} */
let calibration = {}; // which of those say beforehand what the card will say

/** @param {import("./types.js").About} about */
export function setUpTargets(about) {
  if (!about.has_latent) {
    element("targets-help").textContent = "This model makes kicks from seeds alone and has no controls; the default model has.";
    button("reroll").disabled = button("release").disabled = the("steady", HTMLInputElement).disabled = true;
    return;
  }
  names = about.controls;
  plain = about.without?.includes("cards") ?? false;
  calibration = about.calibration ?? {};
  rows = about.targets.map(addRow);
  if (plain) {
    element("controls").classList.add("plain");
    element("steady-row").hidden = true;
    element("tab-targets").textContent = "Controls";
    element("targets-help").textContent =
      "Move a control, or type F1+20 or −24dB: ≈ is what to expect of a kick of the map. Other kicks move by semitones and decibels.";
  }
  element("controls").append(...rows.map(({ lock }) => /** @type {HTMLElement} */ (lock.parentElement)));
  button("reroll").addEventListener("click", trying(reroll));
  button("release").addEventListener("click", () => {
    if (!state.sound) return;
    lines = [];
    for (const row of rows) row.refused = "";
    state.select(state.sound, {});
  });
  state.on("selected", () => {
    if (!arriving) end();
    element("targets-said").textContent = ""; // a seed that was rolled before
    for (const row of rows) if (document.activeElement !== row.text) row.refused = "";
    show();
  });
  state.on("moved", () => (lines = []));
}

/** @param {Target} target @returns {Row} */
function addRow(target) {
  const id = `control-${target.name}`;
  const lock = make("button", { class: "lock", "aria-pressed": "false", "aria-label": `Lock ${target.name}`, title: `Lock ${target.name}` });
  lock.innerHTML =
    '<svg viewBox="0 0 16 16" aria-hidden="true"><path class="shackle" d="M5 7V5a3 3 0 0 1 6 0v2"/><rect x="3" y="7" width="10" height="7" rx="1.5"/></svg>';
  const slider = make("input", { type: "range", id, min: "0", max: String(TICKS), step: "1", "aria-describedby": `${id}-achieved` });
  const text = make("input", { type: "text", "aria-label": `${target.name}, typed`, autocomplete: "off", spellcheck: "false" });
  const result = make("span", { class: "achieved", id: `${id}-achieved` });
  make("div", { class: "control" }, lock, make("label", { for: id, title: target.meaning }, target.name.replace("_", " ")), slider, text, result);
  const row = { target, slider, text, lock, result, refused: "" };
  slider.addEventListener("input", () => move(row, fromTicks(target, slider.valueAsNumber), true));
  slider.addEventListener("change", () => move(row, fromTicks(target, slider.valueAsNumber), false));
  text.addEventListener("change", () => {
    const value = typed(row);
    if (!(value >= target.low && value <= most(target))) {
      row.refused = whatWorks(row);
      showResult(row, target.name in currentTargets());
      return;
    }
    text.value = shown(row, value);
    move(row, value, false);
  });
  text.addEventListener("input", () => {
    const value = typed(row);
    if (!row.refused || !(value >= target.low && value <= most(target))) return;
    row.refused = ""; // it would work now
    showResult(row, target.name in currentTargets());
  });
  lock.addEventListener("click", () => toggle(row));
  return row;
}

/** Lock a control where the kick is, or unlock it. What is still being met for the others is wished for anew. @param {Row} row */
function toggle(row) {
  const value = current(row);
  if (!state.sound || value === null) return;
  row.refused = "";
  const { [row.target.name]: locked, ...others } = currentTargets();
  const targets = locked === undefined ? { ...others, [row.target.name]: value } : others;
  const unmet = Object.keys(others).some((name) => others[name] !== state.targets[name]);
  state.select(state.sound, targets);
  if (!unmet) return;
  fresh = false; // the lock was the step
  wish(targets, false);
}

/** The most that a target may be: of a decay more where the selected kick may ring on. @param {Target} target */
function most({ high, longest }) {
  const seconds = state.sound?.recipe?.length_s ?? MODEL_S;
  return longest ? Math.min(longest, high * Math.max(seconds / MODEL_S, 1)) : high;
}

/** @param {Target} target @param {number} ticks */
function fromTicks(target, ticks) {
  const { scale, low } = target, high = most(target), share = ticks / TICKS;
  return scale === "log2" ? low * (high / low) ** share : low + share * (high - low);
}

/** @param {Target} target @param {number} value */
function toTicks(target, value) {
  const { scale, low } = target, high = most(target);
  const share = scale === "log2" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(TICKS * Math.min(Math.max(share, 0), 1));
}

/** What a control's field is in the selected kick; null where it has none. @param {Row} row */
function current({ target }) {
  const { sound } = state;
  if (!sound) return null;
  if (!target.field) return sound.recipe?.controls?.[names.indexOf(target.name)] ?? 0; // set, and not measured
  const card = sound.card;
  if (target.name === "balance") {
    const [sub, body] = [Number(card?.sub_share), Number(card?.body_share)];
    return 10 * Math.log10(Math.max(sub, 1e-9) / Math.max(body, 1e-9));
  }
  const value = card?.[target.field];
  return typeof value === "number" ? value : null;
}

/** @param {Row} row @param {number} value @param {boolean} moving */
function move(row, value, moving) {
  row.refused = "";
  const targets = { ...currentTargets(), [row.target.name]: value };
  row.lock.setAttribute("aria-pressed", "true");
  label(row, value);
  if (inHand !== row.target.name) fresh = true; // letting go ends a move that has its step already
  inHand = moving ? row.target.name : "";
  wish(targets, moving);
}

/** Let the selected kick meet targets: the answers to the wishes of a move come one after the other. @param {Record<string, number>} targets @param {boolean} moving */
function wish(targets, moving) {
  if (rolling) { // or the roll would come over it
    end();
    element("targets-said").textContent = "";
  }
  send((pending = targets), moving, performance.now(), course);
}

/** Nothing that was wished for until now is wanted any more: another kick is selected, or other locks. */
function end() {
  course += 1;
  pending = null;
  rolling = false;
  fresh = true;
}

/** A wish has failed: the targets are not what there is. */
function giveUp() {
  pending = null;
  show();
  for (const row of rows) row.text.value = shown(row, valueOf(row));
}

/** The locked controls and their values, with those that are still being met. */
const currentTargets = () => pending ?? state.targets;

const send = newest(async (/** @type {Record<string, number>} */ targets, /** @type {boolean} */ moving, /** @type {number} */ since, /** @type {number} */ turn) => {
  if (turn !== course) return; // it has waited, and another kick was selected meanwhile
  const recipe = state.sound?.recipe;
  let reply;
  try {
    if (!recipe) throw new Error("This is your own sound; only the model's version of it can be turned: My sound, Use the model's.");
    reply = await backend.match(targets, recipe, moving ? QUICK_ROUNDS : ALL_ROUNDS);
  } catch (error) {
    if (turn !== course) return;
    if (pending === targets) giveUp();
    throw error;
  }
  if (turn !== course) return;
  if (pending === targets) pending = null;
  lines = reply.head.lines;
  const made = reply.sounds[0];
  play(made, { since });
  const ms = performance.now() - since; // from the control to the sound
  arrive(made, targets);
  document.dispatchEvent(new CustomEvent("kick-matched", { detail: { ms, moving } }));
  if (moving) return;
  element("targets-said").textContent = withUnrest("", reply.head);
  say(withUnrest(lines.map(lineInWords).join("; "), reply.head));
});

/** Select the answer to a wish. It ends no other: those that wait go on from it. @param {import("./types.js").Sound} made @param {Record<string, number>} targets */
function arrive(made, targets) {
  arriving = true;
  try {
    if (fresh) state.select(made, targets);
    else state.amend(made, targets);
  } finally {
    arriving = fresh = false;
  }
}

/** @typedef {{target: Target, calibrated: import("./types.js").Calibration | undefined, value: number}} Goal */
/** @type {Record<string, {turn: number, value: number}>} */
let carried = {}; // what the last roll was to keep, by the control, and the turn that it has found for it
/** @type {import("./types.js").Sound | null} */
let carriedBy = null; // the kick that it found

/** What another kick is to keep: of a control that says what to expect its note, not its semitones. @returns {Goal[]} */
function goalsNow() {
  const targets = currentTargets();
  return rows.flatMap((row) => {
    const { name } = row.target;
    const there = name in targets ? expected(row, targets[name]) : null;
    if (!there) return [];
    const same = state.sound === carriedBy && carried[name]?.turn === targets[name]; // what is off does not add up
    return [{ target: row.target, calibrated: there.calibrated, value: same ? carried[name].value : there.value }];
  });
}

/** The targets for another kick of the map; kept: whether it gets to all goals. @param {Measured} other @param {Goal[]} goals */
function carriedOver(other, goals) {
  const targets = { ...currentTargets() };
  for (const { target, calibrated, value } of goals) {
    const reach = reachOf(calibrated, other, target);
    const nearest = reach ? turnFor(calibrated, other, target, Math.min(Math.max(value, reach[0]), reach[1])) : NaN;
    if (!Number.isNaN(nearest)) targets[target.name] = Math.min(Math.max(nearest, target.low), target.high);
  }
  return { targets, kept: goals.every(({ target, calibrated, value }) => getsTo(calibrated, other, target, value)) };
}

/** Another kick: in an exported site one of the map, which keeps the notes that are locked if any of them does. */
async function rolled() {
  const { seed: before, length_s: seconds } = state.sound?.recipe ?? {};
  const [goals, kicks] = [goalsNow(), await backend.measured()];
  const others = kicks.map((kick, seed) => ({ seed, ...carriedOver(kick, goals) })).filter(({ seed }) => seed !== before);
  const keeping = others.filter(({ kept }) => kept);
  const from = keeping.length ? keeping : others;
  const draw = (/** @type {number} */ n) => Math.floor(Math.random() * n);
  const { seed, targets } = from.length ? from[draw(from.length)] : { seed: draw(1e6), targets: currentTargets() };
  const turns = Object.fromEntries(goals.map(({ target: { name }, value }) => [name, { turn: targets[name], value }]));
  return { seed, targets, turns, reply: await backend.matchSeed(targets, seed, the("steady", HTMLInputElement).checked, seconds) };
}

async function reroll() {
  element("targets-said").textContent = "…";
  const turn = ++course; // what is still being met is met by the next kick
  rolling = true;
  const found = await rolled().catch((error) => {
    if (turn !== course) return null;
    element("targets-said").textContent = "";
    rolling = false;
    if (pending) giveUp();
    throw error;
  });
  if (!found || turn !== course) return;
  const { seed, targets, turns, reply: { sounds, head } } = found;
  [carried, lines] = [turns, head.lines];
  for (const row of rows) row.refused = "";
  play(sounds[0]);
  state.select((carriedBy = sounds[0]), targets);
  element("targets-said").textContent = withUnrest(`seed ${seed}`, head);
  say(withUnrest(lines.map(lineInWords).join("; ") || `seed ${seed}`, head));
}

/** What a control stands at: its target, or what the kick has. @param {Row} row */
const valueOf = (row) => (row.target.name in currentTargets() ? currentTargets()[row.target.name] : current(row));

function show() {
  for (const row of rows) {
    const locked = row.target.name in currentTargets();
    row.lock.setAttribute("aria-pressed", String(locked));
    const value = valueOf(row);
    if (inHand !== row.target.name) row.slider.value = String(toTicks(row.target, value ?? row.target.low));
    label(row, value);
    showResult(row, locked);
  }
}

/** @param {Target} target */
const isNote = (target) => target.name === "pitch" && target.unit === "Hz";

/** What is to be expected of a control of the model, and in which unit; null where that is not known. @param {Row} row @param {number} value */
function expected({ target }, value) {
  const calibrated = calibration[target.name];
  const there = expectation(calibrated, state.sound, target, value);
  return there && { calibrated, ...there };
}

/** What somebody typed, as a value of the control: where it says what is to be expected, that may be typed. @param {Row} row */
function typed(row) {
  const { target, text } = row;
  const zero = expected(row, 0);
  const goal = zero ? parse(text.value, zero.calibrated.unit) : NaN;
  if (!zero || Number.isNaN(goal)) return parse(text.value, target.unit);
  return turnFor(zero.calibrated, state.sound, target, goal);
}

/** What may be typed, in the unit that is typed. @param {Row} row */
function whatWorks({ target, text }) {
  const calibrated = calibration[target.name];
  const reach = reachOf(calibrated, state.sound, target);
  if (calibrated && reach) return range(reach[0], reach[1], calibrated.unit);
  if (calibrated && !Number.isNaN(parse(text.value, calibrated.unit)) && Number.isNaN(parse(text.value, target.unit))) {
    return calibrated.unit === "Hz" ? "no note is known of this kick" : `no ${calibrated.unit} is known of this kick`;
  }
  return range(target.low, most(target), target.unit);
}

/** What stands in a control's text field. @param {Row} row @param {number | null} value */
function shown(row, value) {
  const { target } = row;
  if (value === null) return "none";
  const there = expected(row, value);
  if (there) return there.calibrated.unit === "Hz" ? noteOf(there.value).text : quantity(there.value, there.calibrated.unit);
  if (isNote(target)) return noteOf(value).text;
  return target.field || target.unit === "dB" ? quantity(value, target.unit) : value.toFixed(2).replace("-", "−");
}

/** @param {Row} row @param {number | null} value */
function label(row, value) {
  const { target, slider, text } = row;
  const words = shown(row, value);
  if (document.activeElement !== text) text.value = words;
  slider.setAttribute("aria-valuetext", value !== null && isNote(target) ? `${words} cents, ${quantity(value, "Hz")}` : words);
}

/** Show what a control achieved, and how far off that is. @param {Row} row @param {boolean} locked */
function showResult(row, locked) {
  const { target, result } = row;
  result.classList.remove("far");
  const value = current(row);
  if (row.refused) {
    result.textContent = result.title = row.refused;
    result.classList.add("far");
    return;
  }
  const there = expected(row, value ?? 0);
  if (there) {
    const off = there.within ? ` ±${quantity(there.within, there.calibrated.within_unit).replace(/(\.\d)? cents/, " ct")}` : "";
    result.textContent = `≈ ${quantity(there.value, there.calibrated.unit)}${off}`;
    result.title = off ? `to be expected, not measured: nine of ten kicks come within ${quantity(there.within, there.calibrated.within_unit)}` : "measured when this page was written";
    return;
  }
  result.title = "";
  if (plain) {
    result.textContent = target.unit === "dB" ? (locked ? "set" : "") : target.unit;
    return;
  }
  if (!locked || value === null) {
    result.textContent = locked ? "this kick has none" : isNote(target) && value !== null ? quantity(value, "Hz") : "";
    if (locked) result.classList.add("far");
    return;
  }
  const line = lines.find((l) => l.name === target.name);
  const goal = currentTargets()[target.name];
  const [off, unit] =
    target.unit === "Hz" ? [1200 * Math.log2(value / goal), "cents"]
    : target.unit === "ms" ? [100 * (value / goal - 1), "%"]
    : [value - goal, "dB"];
  const beyond = line && !line.reached && inHand === "";
  const sign = off >= 0.05 ? "+" : off > -0.05 ? "±" : "";
  result.replaceChildren("→ ", make("b", {}, quantity(value, target.unit)), ` ${sign}${quantity(Math.abs(off) < 0.05 ? 0 : off, unit)}`);
  result.title = beyond ? limits(line) : "achieved, and how far that is off";
  if (beyond) result.classList.add("far");
}

/** Numbers as producers say them. */

export const NOTE_NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/** The nearest note and the cents above it; A4 = 440 Hz, C4 = MIDI 60. @param {number} hz */
export function noteOf(hz) {
  const midi = 69 + 12 * Math.log2(hz / 440);
  const near = Math.round(midi);
  const cents = Math.round(100 * (midi - near));
  const name = `${NOTE_NAMES[((near % 12) + 12) % 12]}${Math.floor(near / 12) - 1}`;
  return { name, cents, text: cents ? `${name} ${cents > 0 ? "+" : "−"}${Math.abs(cents)}` : name };
}

/** @param {number} midi */
export const hzOf = (midi) => 440 * 2 ** ((midi - 69) / 12);

/** @param {number} midi */
export const midiName = (midi) => `${NOTE_NAMES[midi % 12]}${Math.floor(midi / 12) - 1}`;

/** "1 kick", "2 kicks". @param {number} n @param {string} what */
export const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

/** A number with as many digits as are worth reading. @param {number} x @param {string} unit */
export function quantity(x, unit) {
  const size = Math.abs(x);
  if (unit === "Hz" && size >= 1000) return `${(x / 1000).toFixed(2)} kHz`;
  const digits = unit === "dB" || unit === "cents" || unit === "%" ? 1 : size >= 100 ? 0 : 1;
  const text = x.toFixed(digits);
  return `${(Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−")} ${unit}`;
}

/** From one quantity to another: "20 Hz to 4.00 kHz", "−24 to 24 semitones". @param {number} low @param {number} high @param {string} unit */
export function range(low, high, unit) {
  const [from, to] = [low, high].map((x) => quantity(x, unit).replace(/\.0+(?= )/, ""));
  const shared = ` ${to.split(" ")[1]}`;
  return `${from.endsWith(shared) ? from.slice(0, -shared.length) : from} to ${to}`;
}

/**
 * What somebody typed, as a number in a unit: "F1", "F1+20", "43.7 Hz", "4k", "0.28s", "-12 dB". NaN for anything else.
 * @param {string} text
 * @param {string} unit Hz, ms or dB
 */
export function parse(text, unit) {
  const clean = text.trim().replace(/[−–]/g, "-").replace(",", ".");
  const note = /^([A-Ga-g])([#b♯♭]?)(-?\d)\s*([+-]\s*\d+(?:\.\d+)?)?\s*(?:ct|cents)?$/.exec(clean);
  if (note && unit === "Hz") {
    const letter = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }[note[1].toUpperCase()] ?? 0;
    const sharp = note[2] === "#" || note[2] === "♯" ? 1 : note[2] ? -1 : 0;
    const cents = note[4] ? Number(note[4].replace(/\s/g, "")) : 0;
    return hzOf(12 * (Number(note[3]) + 1) + letter + sharp + cents / 100);
  }
  const found = /^([+-]?\d*\.?\d+)\s*(khz|hz|k|ms|s|db|)$/i.exec(clean);
  if (!found) return NaN;
  const scale = { khz: 1000, k: 1000, s: 1000 }[found[2].toLowerCase()] ?? 1;
  const fits = { Hz: ["khz", "hz", "k", ""], ms: ["ms", "s", ""], dB: ["db", ""] }[unit] ?? [""];
  return fits.includes(found[2].toLowerCase()) ? scale * Number(found[1]) : NaN;
}

/** A kick in a few words. @param {import("./types.js").Sound} sound */
export function inWords(sound) {
  const card = sound.card;
  if (!card) return { title: sound.name, detail: "no card here" };
  const hz = card.pitch_end_hz;
  const note = typeof hz === "number" ? noteOf(hz) : null;
  const decay = typeof card.decay_t20_ms === "number" ? `${Math.round(card.decay_t20_ms)} ms` : "";
  const title = [note ? note.name : "no pitch", decay].filter(Boolean).join(" · ");
  const cents = note && note.cents ? `${note.cents > 0 ? "+" : "−"}${Math.abs(note.cents)} cents` : "";
  const click = typeof card.click_level_db === "number" ? `click ${quantity(card.click_level_db, "dB")}` : "";
  const loud = typeof card.loudness_lufs === "number" ? quantity(card.loudness_lufs, "LUFS") : "";
  const origin = sound.name.replace(/^(?:kick|sound)_([A-G]s?-?\d_)?(\d+ms_)?(?=[ps]\w)/, ""); // note and decay are in the title
  return { title, cents, detail: [click, loud, origin].filter(Boolean).join(" · ") };
}

/** What a kick achieves of a target. @param {import("./types.js").TargetResult} line */
export function lineInWords(line) {
  const { name, achieved, unit, error, error_unit: errorUnit, reached } = line;
  if (achieved === null) return `${name}: this kick has none`;
  return `${name} ${quantity(achieved, unit)}, ${quantity(error ?? 0, errorUnit)} off${reached ? "" : `, ${limits(line)}`}`;
}

/** What a kick can give that misses its target. @param {import("./types.js").TargetResult} line */
export function limits({ requested, reachable, unit }) {
  if (!reachable || (reachable[0] <= requested && requested <= reachable[1])) return "as near as this kick goes";
  return `this kick goes from ${quantity(reachable[0], unit)} to ${quantity(reachable[1], unit)}`;
}

/** What is said of a kick, and that its pitch does not rest. @param {string} said @param {{unrest?: string}} head */
export const withUnrest = (said, { unrest }) => [said, unrest].filter(Boolean).join("; ");

/** Old against new: the kicks of the same seeds, from two snapshots, the studio's model, or the folder itself. */

import { call } from "./api.js";
import { audio } from "./audio.js";
import { backend } from "./backend.js";
import { element, make, select, trying } from "./dom.js";
import { tile } from "./tiles.js";

/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./train_curve.js").Snapshot} Snapshot */
/** @typedef {"a" | "b"} Side */

const KICKS = 8; // of each side
const RATE = 44100;
const [LENGTH, PAUSE] = [22050, 4410]; // samples: kickitout.training.sheet.row_of_kicks
const MOST_KNOWN = 8; // choices whose kicks are kept: a long run has hundreds of snapshots
const STUDIO = "studio";
const REALS = "reals";

/** @type {Map<string, Promise<Sound[]>>} */
const known = new Map();
let run = "";
/** @type {{a: string, b: string}} */
let shown = { a: "", b: "" };
let follows = true; // B is the newest snapshot, as long as nobody has chosen

export function setUpHearing() {
  for (const side of /** @type {Side[]} */ (["a", "b"])) {
    select(`train-${side}`).addEventListener("change", trying(async () => {
      if (side === "b") follows = false;
      await showSide(side);
    }));
  }
}

/** Offer what there is to hear of a run. @param {string} name @param {Snapshot[]} snapshots */
export async function offer(name, snapshots) {
  if (name !== run) {
    [run, follows, shown] = [name, true, { a: "", b: "" }];
    known.clear();
  }
  element("train-hear").hidden = !snapshots.length;
  if (!snapshots.length) return;
  const steps = snapshots.map(({ step }) => [pathOf(step), `step ${step}`]);
  const choices = [[STUDIO, "the model in this studio"], [REALS, "kicks of the folder"], ...steps];
  for (const side of /** @type {Side[]} */ (["a", "b"])) {
    const choice = select(`train-${side}`);
    const before = choice.value;
    const there = choices.map(([value]) => value);
    if ([...choice.options].map((option) => option.value).join() !== there.join()) {
      choice.replaceChildren(...choices.map(([value, text]) => make("option", { value }, text)));
      choice.value = there.includes(before) ? before : side === "a" ? STUDIO : /** @type {string} */ (there.at(-1));
    }
    if (side === "b" && follows) choice.value = /** @type {string} */ (there.at(-1));
    await showSide(side);
  }
}

/** @param {number} step */
const pathOf = (step) => `snapshots/${String(step).padStart(6, "0")}/fakes`;

/** @param {string} path */
const addressOf = (path) => `api/training/file?${new URLSearchParams({ name: run, path })}`;

/** @param {Side} side */
async function showSide(side) {
  const choice = select(`train-${side}`).value;
  if (shown[side] === choice) return;
  shown[side] = choice;
  const sounds = await soundsOf(choice);
  if (shown[side] !== choice) return; // another was chosen meanwhile
  element(`train-${side}-kicks`).replaceChildren(...sounds.map((sound, i) => tile(sound, () => {}, `${side.toUpperCase()} ${i + 1}`)));
  if (side === "b") {
    const sheet = /** @type {HTMLImageElement} */ (element("train-sheet"));
    sheet.hidden = choice === STUDIO;
    if (choice !== STUDIO) {
      sheet.src = addressOf(`${choice}.png`);
      sheet.alt = choice === REALS ? "Kicks of the folder" : `Kicks of ${select("train-b").selectedOptions[0].text}`;
    }
  }
}

/** The first kicks of a choice. @param {string} choice @returns {Promise<Sound[]>} */
function soundsOf(choice) {
  const there = known.get(choice);
  if (there) return there;
  const coming = choice === STUDIO ? backend.map(0, KICKS).then(({ sounds }) => sounds) : cut(choice);
  known.set(choice, coming);
  for (const oldest of [...known.keys()].slice(0, -MOST_KNOWN)) known.delete(oldest);
  coming.catch(() => known.delete(choice));
  return coming;
}

/** The kicks of a WAV in which one follows the other. @param {string} choice @returns {Promise<Sound[]>} */
async function cut(choice) {
  const bytes = await (await call(addressOf(`${choice}.wav`))).arrayBuffer();
  const whole = (await audio().decodeAudioData(bytes)).getChannelData(0);
  const many = Math.min(KICKS, Math.floor(whole.length / (LENGTH + PAUSE)));
  return Array.from({ length: many }, (_, i) => ({
    name: `${choice.split("/")[1] ?? choice} ${i + 1}`,
    recipe: null,
    card: null,
    reasons: {},
    rate: RATE,
    samples: [whole.slice(i * (LENGTH + PAUSE), i * (LENGTH + PAUSE) + LENGTH)],
  }));
}

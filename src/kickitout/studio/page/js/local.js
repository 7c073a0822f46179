/**
 * Who makes the sounds of an exported site: the model itself, in this browser. The same recipes as everywhere.
 * Pitch and level over time are measured, in the worker; what needs the rest of the kick card is left out, but for the kicks
 * of the map, which were measured at export.
 */

import { channelsOf, MODEL_S, ONSET, RATE } from "./curves.js";
import { bytesOf, upgradedRecipe } from "./file.js";
import { normal, startSeed } from "./noise.js";
import { ringOn } from "./tail.js";
import { encodeWav, readComment, readSamples } from "./wav.js";
import { Wrong } from "./wrong.js";

export { Wrong };

/** @typedef {import("./types.js").Recipe} Recipe */
/** @typedef {import("./types.js").Sound} Sound */
/** @typedef {import("./types.js").Measured} Measured */
/** @typedef {import("./types.js").Reply} Reply */
/** @typedef {{channels: Float32Array[], latent: Float32Array}} Played */

const CONTOUR = 9; // numbers of a latent that are the pitch's fall: kickitout.descriptors.contour
const CONTOUR_SHARE = 0.5; // kickitout.generation.vary
const LONGEST_S = 4; // the most that a kick rings: kickitout.generation.tail
const ROUNDED = 1.5 * 2 ** -15; // a step and a half of a file of 16 bits: kickitout.generation.recipe
const RENDERED = 1e-4; // of full scale: by so much a render here differs from Python's
const [ENDING, INAUDIBLE] = [441, 3.2e-4]; // samples by which it may end elsewhere where a kick rings, and its level there: tail.js
const QUIETEST_DB = 60; // by which a recipe says that its file is quieter,
const LONGEST_PRE_ROLL_MS = 500; // and how late the onset in it: kickitout.generation.recipe
const STUDIO = "kick studio, on your own machine, starts from any sound";
const OF_A_KICK = ["seed", "start", "latent", "controls", "varied", "morphed", "amount", "curves", "length_s", "model_sha256"]; // kickitout.studio.service.Recipe

/** @type {Map<number, {resolve: (done: any) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
let calls = 0;
/** @type {Worker | null} */
let worker = null; // begun with the first kick that it makes: the very first one is there before, and is to sound at once

function begun() {
  const made = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data }) => {
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) call?.reject(new Wrong(`The model cannot be played here: ${data.error}`));
    else call?.resolve(data.done);
  };
  made.onerror = (event) => {
    waiting.forEach(({ reject }) => reject(new Wrong(`The model cannot be played here: ${event.message}`)));
    waiting.clear();
    made.terminate();
    worker = null; // the next kick tries again, where nobody would answer any more
  };
  return made;
}

/** @type {Promise<any>} */
const site = fetch(new URL("../site.json", import.meta.url)).then((reply) => reply.json()).catch(() => {
  throw new Wrong("site.json does not come from this server; put the whole folder there, as kick export has written it.");
});

/** The samples of the first kick, which sounds before the model is here. @type {Promise<Float32Array>} */
const opening = fetch(new URL("../first.f32", import.meta.url)).then(async (reply) => {
  if (!reply.ok) throw new Wrong("first.f32 does not come from this server; put the whole folder there.");
  return new Float32Array(await reply.arrayBuffer());
});
opening.catch(() => {}); // whoever plays it says so

/** What the worker does of its tasks. @param {"play" | "draw" | "analyse"} task @param {Record<string, unknown>} given @returns {Promise<any>} */
function run(task, given) {
  return new Promise((resolve, reject) => {
    waiting.set(++calls, { resolve, reject });
    worker ??= begun();
    worker.postMessage({ id: calls, task, given });
  });
}

/** What a recipe gives to the model's graph, but for its curves. @param {Recipe} recipe */
async function inputsOf(recipe) {
  const { info, about } = await site;
  if (recipe.model_sha256 && recipe.model_sha256 !== about.model.sha256) throw new Wrong("This recipe is of another model.");
  const noise = recipe.latent ? new Float32Array(info.noise_size) : normal(startSeed(recipe.seed, recipe.start ?? 0), info.noise_size);
  if (!info.latent_size) return { noise };
  return {
    noise,
    latent: Float32Array.from(recipe.latent ?? new Float32Array(info.latent_size)),
    given: new Float32Array([recipe.latent ? 1 : 0]),
    controls: Float32Array.from(recipe.controls ?? new Float32Array(info.controls.length)),
  };
}

/** The kick of a recipe. @param {Recipe} recipe @returns {Promise<Played>} */
async function played(recipe) {
  const { drawable } = (await site).info;
  if (recipe.curves && !drawable) throw new Wrong("This recipe has curves, which this page's model cannot follow.");
  return run("play", { feed: await inputsOf(recipe), curves: drawable ? recipe.curves ?? {} : null });
}

/** @param {Recipe} recipe @param {Promise<{channels: Float32Array[]}>} rendered @returns {Promise<Sound>} */
async function sounding(recipe, rendered = played(recipe)) {
  const { about, cards } = await site;
  const { channels } = await rendered;
  const plain = recipe.seed !== undefined && !recipe.start && !recipe.curves && !recipe.controls?.some((/** @type {number} */ x) => x);
  const base = recipe.seed !== undefined && !recipe.start ? cards[recipe.seed] : undefined;
  const known = plain ? base : undefined;
  const whole = { kickitout: about.version, format: 2, model: about.model.name, model_sha256: about.model.sha256, ...recipe };
  return {
    name: known?.name ?? nameOf(recipe, about.model.word),
    recipe: whole,
    card: known?.card ?? null,
    ...(base && measuredOf(base)),
    reasons: {},
    rate: about.model.rate,
    samples: ringOn(channels, lengthOf(recipe)),
  };
}

/** What was measured of a kick at export. @param {any} kick of the site @returns {Measured} */
const measuredOf = ({ card, points }) => ({ base: card, points });

/** A name for what was not measured. @param {Recipe} recipe @param {string} word */
function nameOf(recipe, word) {
  const turned = JSON.stringify([recipe.start, recipe.latent, recipe.controls, ...(recipe.curves ? [recipe.curves] : [])]);
  let hash = 0;
  for (const c of turned) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) >>> 0;
  const mark = hash.toString(16).padStart(8, "0").slice(0, 6);
  return recipe.seed === undefined ? `${word}_p${mark}` : `${word}_s${String(recipe.seed).padStart(6, "0")}-${mark.slice(0, 4)}`;
}

/** The most seconds that a kick rings. @param {Recipe} recipe */
function lengthOf({ length_s: seconds = MODEL_S }) {
  if (!(seconds >= MODEL_S && seconds <= LONGEST_S)) throw new Wrong(`length_s: ${MODEL_S} to ${LONGEST_S} s work.`);
  return seconds;
}

/** What is made of kicks rings as long as the longest of them. @param {Recipe[]} recipes */
function asLong(...recipes) {
  const seconds = Math.max(...recipes.map(lengthOf));
  return seconds > MODEL_S ? { length_s: seconds } : {};
}

/** @param {Recipe[]} recipes @returns {Promise<Reply>} */
async function reply(recipes, head = {}) {
  const sounds = [];
  for (const recipe of recipes) sounds.push(await sounding(recipe));
  return { sounds, head };
}

/** @param {Recipe} recipe */
const latentOf = async (recipe) => (await played(recipe)).latent;

/** A latent near another: kickitout.generation.vary.turned. @param {Float32Array} latent @param {Float32Array} draw @param {number} amount @param {number} noiseCodes */
function turned(latent, draw, amount, noiseCodes) {
  const rounded = Math.fround(amount);
  const angle = Math.fround((rounded * Math.PI) / 4);
  const [cos, sin] = [Math.fround(Math.cos(angle)), Math.fround(Math.sin(angle))];
  return latent.map((at, i) => {
    if (i >= latent.length - noiseCodes) return Math.fround(cos * at) + Math.fround(sin * draw[i]);
    return at + Math.fround(Math.fround(i < CONTOUR ? rounded * CONTOUR_SHARE : rounded) * draw[i]);
  });
}

// What a file is to this page's model: kickitout.frontend.opened ---------------------------------------------------------

/** The recipe in what a file says. @param {string | null} text @param {string} name @returns {Recipe} */
function recipeOf(text, name) {
  let recipe;
  try {
    recipe = JSON.parse(text ?? "");
  } catch {
    throw new Wrong(`${name}: has no recipe inside; ${STUDIO}`);
  }
  recipe = recipe && upgradedRecipe(recipe);
  if (!recipe?.kickitout || (recipe.seed === undefined && !recipe.latent)) throw new Wrong(`${name}: has no recipe of a kick inside`);
  return recipe;
}

/** What a sound file is to the kick of its recipe. Throws Wrong for samples that are others by now: nothing here starts from them. @param {ArrayBuffer} bytes @param {Recipe} recipe @param {Sound} kick @param {string} name */
function saidOf(bytes, recipe, kick, name) {
  if (recipe.shape) return "made by this model and shaped for a kit since; this is the kick it was made from";
  const found = readSamples(bytes);
  if (found?.rate !== RATE) return `the kick of the recipe in it; its samples are compared ${found ? `at ${RATE} Hz` : "in 16, 24 and 32f bits"} alone`;
  const there = inFile(kick.samples, recipe);
  const ending = lengthOf(recipe) > MODEL_S ? ENDING : 0;
  const same = found.channels.length === there.length && found.channels.every((channel, c) => isNear(channel, there[c], ending));
  if (!same) throw new Wrong(`${name}: changed since this model made it; ${STUDIO}`);
  return "made by this model: its state is back";
}

/** A kick as its file has it: with the silence before it, and as quiet, as its recipe says. @param {Float32Array[]} channels @param {Recipe} recipe */
function inFile(channels, { pre_roll_ms: ms, gain_db: db }) {
  const more = typeof ms === "number" && ms >= 0 && ms <= LONGEST_PRE_ROLL_MS ? Math.round((ms * RATE) / 1000) - ONSET : 0;
  const gain = typeof db === "number" && db <= 0 && db >= -QUIETEST_DB ? 10 ** (db / 20) : 1;
  return channels.map((wave) => Float32Array.from({ length: wave.length + more }, (_, i) => Math.min(Math.max(gain * (wave[i - more] ?? 0), -1), 1)));
}

/** Whether samples are the same but for the rounding of a file and of a render. @param {Float32Array} a @param {Float32Array} b @param {number} ending */
function isNear(a, b, ending) {
  const [longer, shorter] = a.length < b.length ? [b, a] : [a, b];
  const most = (/** @type {number} */ i) => ROUNDED + RENDERED + (i < longer.length - 2 * ending ? 0 : INAUDIBLE);
  return longer.length - shorter.length <= ending && longer.every((x, i) => Math.abs(x - (shorter[i] ?? 0)) <= most(i));
}

/** @type {Omit<typeof import("./api.js").backend, "fit"> & {fit: null}} */
export const backend = {
  opening: async () => {
    const { about } = await site;
    const { channels } = about.model;
    return { sounds: [await sounding({ seed: about.opening }, opening.then((wave) => ({ channels: channelsOf(wave, channels) })))], head: { about } };
  },
  /** @param {number} first @param {number} n */
  map: async (first, n) => {
    const { cards } = await site;
    const last = Math.min(first + n, cards.length);
    return reply(Array.from({ length: Math.max(0, last - first) }, (_, i) => ({ seed: first + i })));
  },
  measured: async () => (await site).cards.map(measuredOf),
  /** @param {Recipe[]} recipes */
  render: (recipes) => reply(recipes),
  /** @param {Recipe} recipe @param {number[]} seeds @param {number} amount */
  vary: async (recipe, seeds, amount) => {
    const { info } = await site;
    const latent = await latentOf(recipe);
    return reply(
      seeds.map((seed) => ({
        latent: [...turned(latent, normal(seed, info.latent_size), amount, info.noise_codes)],
        ...(recipe.controls ? { controls: recipe.controls } : {}),
        ...(recipe.curves ? { curves: recipe.curves } : {}),
        amount,
        ...asLong(recipe),
      })),
    );
  },
  /** @param {Recipe[]} recipes @param {number[]} weights */
  blend: async (recipes, weights) => {
    const { info } = await site;
    const latents = await Promise.all(recipes.map(latentOf));
    const total = weights.reduce((a, b) => a + b, 0);
    const heaviest = latents[weights.indexOf(Math.max(...weights))];
    const between = (/** @type {ArrayLike<number>[]} */ rows, /** @type {number} */ i) =>
      Math.fround(rows.reduce((sum, row, k) => sum + row[i] * weights[k], 0) / total);
    const latent = Array.from(heaviest, (at, i) => (i >= heaviest.length - info.noise_codes ? at : between(latents, i)));
    const none = new Array(info.controls.length).fill(0);
    const moved = recipes.map((recipe) => recipe.controls ?? none);
    const controls = none.map((_, i) => between(moved, i));
    return reply([{ latent, ...(controls.some((x) => x !== 0) && { controls }), ...asLong(...recipes) }]);
  },
  /** @param {Recipe} first @param {Recipe} last @param {number} n */
  morph: async (first, last, n) => {
    const [a, b] = await Promise.all([latentOf(first), latentOf(last)]);
    const shared = sorted(first.curves) === sorted(last.curves) ? first.curves : undefined; // Python sorts what it writes
    const none = new Array((await site).info.controls.length).fill(0);
    const [from, to] = [first.controls ?? none, last.controls ?? none];
    const mix = (/** @type {ArrayLike<number>} */ x, /** @type {ArrayLike<number>} */ y, /** @type {number} */ share) =>
      Array.from(x, (at, i) => Math.fround(Math.fround(Math.fround(1 - share) * at) + Math.fround(share * y[i])));
    return reply(
      Array.from({ length: n }, (_, i) => {
        const share = Math.fround(i / (n - 1));
        return { latent: mix(a, b, share), controls: mix(from, to, share), ...(shared && { curves: shared }), ...asLong(first, last) };
      }),
    );
  },
  /** Here targets are values of the controls: nothing is measured. @param {Record<string, number>} targets @param {Recipe} recipe @param {number} _rounds */
  match: async (targets, recipe, _rounds) => {
    const { info } = await site;
    const controls = info.controls.map((/** @type {string} */ name, /** @type {number} */ i) => Math.fround(targets[name] ?? recipe.controls?.[i] ?? 0));
    const origin = recipe.latent ? { latent: recipe.latent } : { seed: recipe.seed, start: recipe.start ?? 0 };
    const drawn = recipe.curves ? { curves: recipe.curves } : {};
    return reply([{ ...origin, controls, ...drawn, ...asLong(recipe) }], { lines: [], renders: 1 });
  },
  /** @param {Record<string, number>} targets @param {number} seed @param {boolean} _steady @param {number} [seconds] the most that it rings @returns {Promise<Reply>} */
  matchSeed: (targets, seed, _steady, seconds) => backend.match(targets, { seed, ...(seconds && { length_s: seconds }) }, 1),
  /** A file that this model made brings its state back. @param {Blob} file @param {string} name @returns {Promise<Reply>} */
  invert: async (file, name) => {
    const bytes = await bytesOf(file, name);
    const isRecipe = new Uint8Array(bytes, 0, Math.min(1, bytes.byteLength))[0] === 123;
    const recipe = recipeOf(isRecipe ? new TextDecoder().decode(bytes) : readComment(bytes), name);
    if (recipe.source || recipe.keep) throw new Wrong(`${name}: ${isRecipe ? "the recipe of a kick" : "a kick"} that a sound file is a part of; ${STUDIO}`);
    const kept = Object.entries(recipe).filter(([key, value]) => OF_A_KICK.includes(key) && value !== undefined); // its file's format, level and kit are not the kick's
    const { sounds } = await reply([Object.fromEntries(kept)]);
    return { sounds, head: { kind: "restored", said: isRecipe && !recipe.shape ? "the kick of this recipe" : saidOf(bytes, recipe, sounds[0], name) } };
  },
  /** The curves of a kick; its spectrogram and the training kicks are not here. @param {Sound} sound */
  analyse: async ({ recipe, samples }) => {
    const { gain_db: gain, ...ungained } = recipe?.curves ?? {};
    const raw = gain ? (await sounding({ ...recipe, curves: ungained })).samples : samples;
    return run("analyse", { samples, raw, curves: recipe?.curves });
  },
  fit: null,
  /** @param {Recipe} recipe @param {[number, number][]} pitch @param {[number, number][]} level @param {number} rounds */
  draw: async (recipe, pitch, level, rounds) => {
    if (!(await site).info.drawable) throw new Wrong("This page's model has no curves that could be drawn.");
    const { curves: _, ...own } = recipe;
    if (!pitch.length && !level.length) return reply([own], { points: [] });
    const drawn = { ...(pitch.length && { pitch }), ...(level.length && { level }) };
    const { curves, made, points } = await run("draw", { feed: await inputsOf(own), drawn, rounds });
    return { sounds: [await sounding({ ...own, curves }, made)], head: { points } };
  },
  /** @param {Recipe} _recipe @returns {Promise<Reply>} */
  nearest: async (_recipe) => {
    throw new Wrong("The training kicks are not known here.");
  },
  /** @param {Sound} sound @param {{format: string, bits: string, rate: string}} form */
  fileAddress: (sound, form) => {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(wavOf(sound, form.bits));
    return address;
  },
  /** @param {Sound} sound @param {{format: string, bits: string, rate: string}} form */
  file: async (sound, form) => wavOf(sound, form.bits),
  /** @param {Record<string, unknown>} _order @returns {Promise<Blob>} */
  kit: async (_order) => {
    throw new Wrong("Kits are made by kick studio and kick kit.");
  },
};
let address = "";

/** @param {Sound} sound @param {string} bits */
function wavOf(sound, bits) {
  const recipe = { ...sound.recipe, bits, rate: sound.rate };
  return new Blob([/** @type {any} */ (encodeWav(sound.samples, sound.rate, bits, sorted(recipe)))], { type: "audio/wav" });
}

/** What has the same entries, as the same text. @param {Record<string, unknown>} [data] */
function sorted(data = {}) {
  return JSON.stringify(Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The studio's API: recipes out, sounds in. One binary reply holds many sounds; see kickitout.studio.replies. */

/** @typedef {import("./types.js").Recipe} Recipe */
/** @typedef {import("./types.js").Measured} Measured */
/** @typedef {import("./types.js").Reply} Reply */
/** @typedef {import("./types.js").Sound} Sound */

import { wrongForGood } from "./dom.js";
import { bytesOf, LONGEST_NAME, shortened } from "./file.js";
import { state } from "./state.js";
import { Wrong } from "./wrong.js";

export { Wrong };

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
export async function call(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Wrong("The studio does not answer any more; start kick studio again.");
  }
  if (!reply.ok) {
    if (reply.status < 500) await askWhichModel();
    const said = await reply.json().catch(() => ({}));
    const failed = reply.status < 500 ? `The studio refuses this (${reply.status}).` : "The studio has failed at this; its terminal says why.";
    throw new Wrong(said.error || failed);
  }
  return reply;
}

/** @param {string} path @param {unknown} body */
export const post = (path, body) =>
  call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/**
 * Refuse the kicks of another model than this page's: the studio may have been started anew, with another one, while the
 * page was open. Before the page knows its model, it takes what comes.
 * @param {Sound[]} sounds
 */
function checkModel(sounds) {
  const other = (/** @type {string | undefined} */ digest) => digest !== undefined && digest !== state.digest;
  if (!state.digest || !sounds.some(({ recipe }) => other(recipe?.model_sha256))) return;
  const error = new Wrong("This studio plays another model now; reload the page to go on with it.");
  wrongForGood(error); // also where what a reply was for says its errors elsewhere
  throw error;
}

/** A refusal may be another model's, which takes no recipe of this page's: any kick says which model is played. */
async function askWhichModel() {
  const reply = await fetch("api/map?n=1").catch(() => null);
  if (reply?.ok) await unpack(reply);
}

/** @param {Response} reply @returns {Promise<Reply>} */
async function unpack(reply) {
  const bytes = await reply.arrayBuffer();
  const size = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, size)));
  const { channels, length, rate } = head;
  const sounds = head.sounds.map((/** @type {any} */ sound, /** @type {number} */ i) => ({
    ...sound,
    rate,
    samples: Array.from(
      { length: channels },
      (_, c) => new Float32Array(bytes, 4 + size + 4 * length * (i * channels + c), sound.length),
    ),
  }));
  checkModel(sounds);
  return { sounds, head };
}

export const backend = {
  /** The kick that the page opens with, and in head.about all there is to know of its model. */
  opening: async () => unpack(await call("api/opening")),
  /** @param {number} first @param {number} n @param {string} [style] within which they are drawn */
  map: async (first, n, style = "") => unpack(await call(`api/map?${new URLSearchParams({ first: String(first), n: String(n), ...(style && { style }) })}`)),
  /** What was measured beforehand of the kicks from seed 0 on: nothing here, where each is measured when it is made. @returns {Promise<Measured[]>} */
  measured: async () => [],
  /** @param {Recipe[]} recipes */
  render: async (recipes) => unpack(await post("api/render", { recipes })),
  /** @param {Recipe} recipe @param {number[]} seeds @param {number} amount */
  vary: async (recipe, seeds, amount) => unpack(await post("api/vary", { recipe, seeds, amount })),
  /** @param {Recipe[]} recipes @param {number[]} weights */
  blend: async (recipes, weights) => unpack(await post("api/blend", { recipes, weights })),
  /** @param {Recipe} first @param {Recipe} last @param {number} n */
  morph: async (first, last, n) => unpack(await post("api/morph", { first, last, n })),
  /** @param {Record<string, number>} targets @param {Recipe} recipe @param {number} rounds */
  match: async (targets, recipe, rounds) => unpack(await post("api/match", { targets, recipe, rounds })),
  /** @param {Recipe} recipe @param {[number, number][]} pitch ms and Hz @param {[number, number][]} level ms and dB @param {number} rounds */
  draw: async (recipe, pitch, level, rounds) => unpack(await post("api/draw", { recipe, pitch, level, rounds })),
  /** The kick of a seed. @param {Record<string, number>} targets @param {number} seed @param {boolean} steady whether its pitch shall rest @param {number} [seconds] the most that it rings */
  matchSeed: async (targets, seed, steady, seconds) => unpack(await post("api/match", { targets, seed, steady, length_s: seconds })),
  /** @param {Blob} file @param {string} name */
  invert: async (file, name) => {
    const body = await bytesOf(file, name);
    return unpack(await call(`api/invert?name=${encodeURIComponent(shortened(name, LONGEST_NAME))}`, { method: "POST", body }));
  },
  /** Kicks for a loop. @param {Blob} file @param {string} name @param {number} n @param {Record<string, string>} [given] key and bpm of the loop; style, pitch and decay of the kicks */
  fit: async (file, name, n, given = {}) => {
    const body = await bytesOf(file, name, "a loop has at most 120 s: cut it first");
    return unpack(await call(`api/fit?${new URLSearchParams({ name: shortened(name, LONGEST_NAME), n: String(n), ...given })}`, { method: "POST", body }));
  },
  /** @param {import("./types.js").Sound} sound @returns {Promise<import("./types.js").Analysis>} */
  analyse: async ({ recipe }) => (await post("api/analyse", { recipe })).json(),
  /** @param {Recipe} recipe */
  nearest: async (recipe) => unpack(await post("api/nearest", { recipe })),
  /** Where a sound's file is. @param {import("./types.js").Sound} sound @param {{format: string, bits: string, rate: string}} form */
  fileAddress: (sound, form) => `api/file?${new URLSearchParams({ recipe: JSON.stringify(sound.recipe), ...form })}`,
  /** A sound's file. @param {import("./types.js").Sound} sound @param {{format: string, bits: string, rate: string}} form */
  file: async (sound, form) => (await call(backend.fileAddress(sound, form))).blob(),
  /** @param {Record<string, unknown>} order */
  kit: async (order) => (await post("api/kit", order)).blob(),
};

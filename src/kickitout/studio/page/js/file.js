/** A file of the user's: its bytes and its name, both as they may be sent. */

import { Wrong } from "./wrong.js";

export const LONGEST_NAME = 200; // characters
const LARGEST_MB = 64; // kickitout.studio.guard

/** @param {Blob} file @param {string} name @param {string} [advice] */
export async function bytesOf(file, name, advice = "a kick is a one-shot of at most 30 s") {
  if (file.size > LARGEST_MB * 2 ** 20) throw new Wrong(`${name}: larger than ${LARGEST_MB} MB; ${advice}`);
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Wrong(`${name}: the browser cannot read it; it is a folder, or was changed or moved meanwhile`);
  }
}

/** The first characters of a name. None is cut into halves, and what is no character is shown as one. @param {string} name @param {number} most */
export const shortened = (name, most) => [...name].slice(0, most).join("").replace(/\p{Surrogate}/gu, "\ufffd");

/**
 * A recipe in the words of format 2, whichever format it was kept in; kickitout.stored does the same for files.
 * @param {import("./types.js").Recipe} recipe
 */
export function upgradedRecipe({ place: latent, knobs: controls, request: targets, ...rest }) { // of format 1
  return JSON.parse(JSON.stringify({ latent, controls, targets, ...rest, format: 2 }));
}

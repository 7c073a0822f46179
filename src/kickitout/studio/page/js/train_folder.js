/** Folders of sounds, dropped or chosen, as files with their paths; and their way to the studio. */

import { call, post } from "./api.js";
import { inSentence } from "./dom.js";
import { DEEPEST, entriesOf, fileOf, listed } from "./dropped.js";
import { bytesOf } from "./file.js";
import { Wrong } from "./wrong.js";

/** @typedef {{path: string, file: File}} Item */
/** @typedef {{files: number, bytes: number}} Most */

const AT_ONCE = 3; // files on their way

/**
 * What was dropped. Call it while the event lasts: afterwards a browser tells nothing more.
 * @param {DataTransfer | null} transfer
 * @returns {Promise<Item[]>}
 */
export async function droppedItems(transfer) {
  /** @type {Item[]} */
  const found = [];
  for (const { entry, file } of entriesOf(transfer)) {
    if (entry?.isDirectory) await walk(/** @type {FileSystemDirectoryEntry} */ (entry), `${entry.name}/`, found);
    else if (file) found.push({ path: file.name, file });
  }
  return found;
}

/** What was chosen: of a folder, the browser says the paths. @param {HTMLInputElement} chooser @returns {Item[]} */
export const chosenItems = (chooser) => [...(chooser.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** @param {FileSystemDirectoryEntry} folder @param {string} path @param {Item[]} found */
async function walk(folder, path, found) {
  if (path.split("/").length > DEEPEST) return;
  for (const entry of await listed(folder)) {
    if (entry.name.startsWith(".")) continue; // what systems leave beside files
    if (entry.isDirectory) await walk(/** @type {FileSystemDirectoryEntry} */ (entry), `${path}${entry.name}/`, found);
    else found.push({ path: path + entry.name, file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)) });
  }
}

/**
 * The files that can be learned from, by their paths within the folder that holds them all, and its name.
 * @param {Item[]} items
 * @param {string[]} suffixes
 * @param {Most} most
 */
export function sorted(items, suffixes, most) {
  const visible = items.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  const taken = visible.filter(({ path }) => suffixes.some((suffix) => path.toLowerCase().endsWith(suffix)));
  const bytes = taken.reduce((sum, { file }) => sum + file.size, 0);
  if (!taken.length) throw new Wrong("No sound is among these files; WAV, FLAC, AIFF, OGG, MP3 and zip files of them work.");
  if (taken.length > most.files) throw new Wrong(`${taken.length} files are more than the ${most.files} that are taken here; kick train takes a folder of any size.`);
  if (bytes > most.bytes) throw new Wrong(`${megabytes(bytes)} are more than the ${megabytes(most.bytes)} that are taken here; kick train takes a folder of any size.`);
  const tops = new Set(taken.map(({ path }) => (path.includes("/") ? path.split("/")[0] : "")));
  const [top] = tops.size === 1 ? tops : [""];
  return {
    name: top || "kicks",
    items: taken.map(({ path, file }) => ({ path: top ? path.slice(top.length + 1) : path, file })),
    bytes,
    left: visible.length - taken.length,
  };
}

/** @param {number} bytes */
export const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes < 100e6 ? 1 : 0)} MB`;

/**
 * Send a folder. Returns the name that it has there, and a sentence for each file that was refused.
 * @param {ReturnType<typeof sorted>} folder
 * @param {(done: number) => void} progress
 * @returns {Promise<{name: string, sounds: string, refused: string[]}>}
 */
export async function sendFolder(folder, progress) {
  const begun = await (await post("api/training/begin", { name: folder.name.slice(0, 200) })).json();
  const waiting = [...folder.items];
  /** @type {string[]} */
  const refused = [];
  let done = 0;
  const some = async () => {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      try {
        const body = await bytesOf(item.file, item.path);
        await call(`api/training/sound?${new URLSearchParams({ name: begun.name, path: item.path })}`, { method: "POST", body });
      } catch (error) {
        refused.push(inSentence(error));
        if (refused.length > 20) throw error; // the disk is full, or the studio has gone
      }
      progress(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
  if (refused.length === folder.items.length) throw new Wrong(refused[0]);
  return { name: begun.name, sounds: begun.sounds, refused };
}

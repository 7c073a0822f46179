/** What was dropped on the page, or chosen: files, those of folders too, and what is left out, in a sentence. */

const SOUNDS = /\.(wav|wave|flac|aiff?|aifc|ogg|oga|opus|mp3|caf|au|snd|json)$/i;
const MOST_SOUNDS = 24; // of what is dropped together; each takes a second or two
export const DEEPEST = 12; // folders in folders

/** @typedef {{files: File[], said: string[]}} Found  said: what cannot be taken, and why */

/**
 * The sounds of a drop. Call it while the event lasts: afterwards a browser tells nothing more.
 * @param {DataTransfer | null} transfer
 * @returns {Promise<Found>}
 */
export function dropped(transfer) {
  return gathered(entriesOf(transfer));
}

/** Files and folders of a drop, while its event lasts. @param {DataTransfer | null} transfer */
export function entriesOf(transfer) {
  const items = [...(transfer?.items ?? [])].filter(({ kind }) => kind === "file");
  return items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
}

/** @param {{entry: FileSystemEntry | null, file: File | null}[]} entries @returns {Promise<Found>} */
async function gathered(entries) {
  /** @type {Found} */
  const found = { files: [], said: [] };
  for (const { entry, file } of entries) {
    if (entry?.isDirectory) {
      const folder = /** @type {FileSystemDirectoryEntry} */ (entry);
      try {
        const sounds = await soundsIn(folder, 0);
        found.files.push(...sounds);
        if (!sounds.length) found.said.push(`${entry.name}: no sound in this folder; WAV, FLAC, AIFF, OGG and MP3 work`);
      } catch {
        found.said.push(`${entry.name}: the browser cannot read this folder; choose the files in it`);
      }
    } else if (file) found.files.push(file);
  }
  return limited(found);
}

/** No more than are inverted in a minute. @param {Found} found @returns {Found} */
export function limited({ files, said }) {
  if (files.length <= MOST_SOUNDS) return { files, said };
  const more = `${files.length} sounds: the first ${MOST_SOUNDS} are taken; drop the others after them`;
  return { files: files.slice(0, MOST_SOUNDS), said: [...said, more] };
}

/** @param {FileSystemDirectoryEntry} folder @param {number} depth @returns {Promise<File[]>} in the order of their names */
async function soundsIn(folder, depth) {
  const entries = (await listed(folder)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue; // what systems leave beside files
    if (entry.isDirectory && depth < DEEPEST) found.push(...(await soundsIn(/** @type {FileSystemDirectoryEntry} */ (entry), depth + 1)));
    else if (entry.isFile && SOUNDS.test(entry.name)) found.push(await fileOf(/** @type {FileSystemFileEntry} */ (entry)));
    if (found.length > MOST_SOUNDS * 40) break; // a whole disk was dropped
  }
  return found;
}

/** @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
export async function listed(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return all;
    all.push(...some);
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
export const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** A zip of files as they are: sound hardly deflates. After PKWARE's APPNOTE 6.3.10. The same files are the same bytes. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});
const VERSION = 20; // needed to read it: 2.0
const UTF8 = 0x0800; // names are
const DAY = 0x21; // 1 January 1980, the first that a zip knows: it has no time of its own

/** The checksum of a zip's file. @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Numbers, lowest byte first. @param {[number, 2 | 4][]} fields value, bytes */
function record(fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return view;
}

/** @param {{name: string, bytes: Uint8Array}[]} files each with a name of its own @returns {Blob} */
export function zipped(files) {
  /** @type {BlobPart[]} */
  const content = [];
  /** @type {BlobPart[]} */
  const directory = [];
  let [at, listed] = [0, 0];
  for (const { name, bytes } of files) {
    const path = new TextEncoder().encode(name);
    /** @type {[number, 2 | 4][]} */
    const about = [[VERSION, 2], [UTF8, 2], [0, 2], [0, 2], [DAY, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length, 4], [path.length, 2], [0, 2]];
    const here = record([[0x04034b50, 4], ...about]);
    content.push(here, path, /** @type {any} */ (bytes));
    const entry = record([[0x02014b50, 4], [VERSION, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]);
    directory.push(entry, path);
    at += here.byteLength + path.length + bytes.length;
    listed += entry.byteLength + path.length;
  }
  const end = record([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [listed, 4], [at, 4], [0, 2]]);
  return new Blob([...content, ...directory, end], { type: "application/zip" });
}

/** WAV files with a recipe inside, as kickitout.audio writes and reads them. */

/**
 * @param {Float32Array[]} channels
 * @param {number} rate
 * @param {string} bits "16", "24" or "32f"
 * @param {string} comment kept in the file's INFO list
 */
export function encodeWav(channels, rate, bits, comment) {
  const size = { 16: 2, 24: 3, "32f": 4 }[bits] ?? 3;
  const frames = channels[0].length;
  const text = new TextEncoder().encode(`${comment}\0`);
  const data = new DataView(new ArrayBuffer(frames * channels.length * size));
  for (let i = 0, at = 0; i < frames; i++) for (const channel of channels) at = put(data, at, channel[i], bits);
  const form = new DataView(new ArrayBuffer(16));
  form.setUint16(0, bits === "32f" ? 3 : 1, true);
  form.setUint16(2, channels.length, true);
  form.setUint32(4, rate, true);
  form.setUint32(8, rate * channels.length * size, true);
  form.setUint16(12, channels.length * size, true);
  form.setUint16(14, 8 * size, true);
  const list = join([ascii("INFO"), ascii("ICMT"), length(text.length), padded(text)]);
  const body = join([ascii("WAVE"), chunk("fmt ", form), chunk("LIST", list), chunk("data", data)]);
  return join([ascii("RIFF"), length(body.byteLength), body]);
}

/** The comment in a WAV; null for any other file, and for one without. @param {ArrayBuffer} bytes */
export function readComment(bytes) {
  const view = new DataView(bytes);
  for (const { tag, at, end } of chunksOf(view)) {
    if (tag !== "LIST") continue;
    for (let entry = at + 4; entry + 8 <= end; ) {
      const long = view.getUint32(entry + 4, true);
      if (tagAt(view, entry) === "ICMT") {
        return new TextDecoder().decode(bytes.slice(entry + 8, Math.min(entry + 8 + long, bytes.byteLength))).replace(/\0+$/, "");
      }
      entry += 8 + long + (long % 2);
    }
  }
  return null;
}

/** The samples of a WAV, a channel each, and their rate; null in a form that `encodeWav` does not write. @param {ArrayBuffer} bytes @returns {{channels: Float32Array[], rate: number} | null} */
export function readSamples(bytes) {
  const view = new DataView(bytes);
  const chunks = [...chunksOf(view)];
  const [form, data] = ["fmt ", "data"].map((wanted) => chunks.find(({ tag }) => tag === wanted));
  if (!form || !data || form.end - form.at < 16) return null;
  const [kind, count, bits] = [0, 2, 14].map((at) => view.getUint16(form.at + at, true));
  const longer = kind === EXTENSIBLE && form.end - form.at >= 26; // its kind stands further behind
  const read = SAMPLES[`${longer ? view.getUint16(form.at + 24, true) : kind} ${bits}`];
  if (!read || !count) return null;
  const frames = Math.floor((data.end - data.at) / (count * (bits / 8)));
  const channels = Array.from({ length: count }, (_, c) =>
    Float32Array.from({ length: frames }, (_, i) => read(view, data.at + (i * count + c) * (bits / 8))),
  );
  return { channels, rate: view.getUint32(form.at + 4, true) };
}

const EXTENSIBLE = 0xfffe;

/** How a sample is read, by the kind of a WAV (1: whole numbers, 3: floating ones) and its bits. @type {Record<string, (view: DataView, at: number) => number>} */
const SAMPLES = {
  "1 16": (view, at) => view.getInt16(at, true) / 2 ** 15,
  "1 24": (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  "3 32": (view, at) => view.getFloat32(at, true),
};

/** The chunks of a WAV: where the content of each begins, and where it ends; none of any other file. @param {DataView} view */
function* chunksOf(view) {
  if (view.byteLength < 12 || tagAt(view, 0) !== "RIFF" || tagAt(view, 8) !== "WAVE") return;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    yield { tag: tagAt(view, at), at: at + 8, end: Math.min(at + 8 + size, view.byteLength) };
    at += 8 + size + (size % 2);
  }
}

/** @param {DataView} view @param {number} at */
const tagAt = (view, at) => String.fromCharCode(...new Uint8Array(view.buffer, at, 4));

/** @param {DataView} data @param {number} at @param {number} x @param {string} bits */
function put(data, at, x, bits) {
  if (bits === "32f") {
    data.setFloat32(at, x, true);
    return at + 4;
  }
  const clipped = Math.min(Math.max(x, -1), 1);
  if (bits === "16") {
    data.setInt16(at, Math.min(Math.round(clipped * 2 ** 15), 2 ** 15 - 1), true);
    return at + 2;
  }
  const whole = Math.min(Math.round(clipped * 2 ** 23), 2 ** 23 - 1);
  data.setUint16(at, whole & 0xffff, true);
  data.setInt8(at + 2, whole >> 16);
  return at + 3;
}

/** @param {string} text */
const ascii = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));

/** @param {number} n */
function length(n) {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, n, true);
  return view;
}

/** @param {Uint8Array} bytes to an even number of them */
const padded = (bytes) => (bytes.length % 2 ? join([bytes, new Uint8Array(1)]) : bytes);

/** @param {string} name @param {DataView | Uint8Array} content */
const chunk = (name, content) =>
  padded(join([ascii(name), length(content.byteLength), new Uint8Array(content.buffer, content.byteOffset, content.byteLength)]));

/** @param {(Uint8Array | DataView)[]} parts */
function join(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return out;
}

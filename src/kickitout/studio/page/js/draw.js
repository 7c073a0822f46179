/** Canvas helpers: sharp on every screen, in the colours of the theme. */

/** A colour of the theme. @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * The context of a canvas that fills its box, cleared, in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 */
export function fresh(canvas) {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  return { pen, width: box.width, height: box.height };
}

/** Stops of a scale from cool to hot that a colour-blind reader can tell apart, for a dark and for a light ground. */
const SCALES = {
  dark: [[86, 92, 214], [66, 158, 214], [87, 211, 164], [230, 214, 96], [255, 138, 72]],
  light: [[58, 51, 150], [29, 105, 170], [14, 128, 104], [160, 125, 8], [190, 62, 12]],
};

/** The colour of a share from 0 to 1. @param {number} share @param {number} [alpha] */
export function shade(share, alpha = 1) {
  const stops = SCALES[document.documentElement.dataset.theme === "light" ? "light" : "dark"];
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const mix = stops[low].map((from, i) => Math.round(from + (at - low) * (stops[low + 1][i] - from)));
  return `rgba(${mix.join(",")},${alpha})`;
}

/**
 * A waveform as the range of its samples in each column.
 * @param {CanvasRenderingContext2D} pen
 * @param {Float32Array} samples
 * @param {{x: number, y: number, width: number, height: number}} box
 */
export function drawWave(pen, samples, box) {
  const middle = box.y + box.height / 2;
  const scale = box.height / 2 - 1;
  const columns = Math.max(1, Math.floor(box.width * 2));
  pen.beginPath();
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * samples.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * samples.length) / columns));
    let low = Infinity;
    let high = -Infinity;
    for (let i = Math.max(0, from - 1); i < to; i++) { // from the sample before on, so that columns meet
      if (samples[i] < low) low = samples[i];
      if (samples[i] > high) high = samples[i];
    }
    const x = box.x + (column + 0.5) / 2;
    pen.moveTo(x, middle - high * scale - 0.4);
    pen.lineTo(x, middle - low * scale + 0.4);
  }
  pen.lineWidth = 0.7;
  pen.stroke();
}

/**
 * How hard a sound is struck, as kits have it (kickitout.export.kits.velocity): the softer, the quieter and the darker;
 * strokes in a row differ by a few cents, a little level and a little click. Numbers alone; colour.js makes the sounds.
 */

const FULL = 127; // the highest MIDI velocity
export const LAYERS = 4; // as `kick kit` makes them, where nothing else is chosen
export const ROBINS = 4;
const TILT = 0.25; // dB an octave for each dB of level
const VARY_CENTS = 4;
const VARY_DB = 0.4;
const VARY_CLICK_DB = 1.5;
const ROBERTS = 1.2207440846057596; // x^4 = x + 1

/** The layer of a velocity from 1 to 127, counted from the softest, 0. @param {number} velocity */
export function layerOf(velocity) {
  let layer = 0;
  while (layer < LAYERS - 1 && velocity > topOf(layer)) layer++;
  return layer;
}

/** The highest velocity of a layer. @param {number} layer */
const topOf = (layer) => Math.round((FULL * (layer + 1)) / LAYERS);

/** dB an octave by which a layer is darker than a full stroke. @param {number} layer */
export const tiltOf = (layer) => Number((TILT * 20 * Math.log10(topOf(layer) / FULL)).toFixed(4));

/** Amplitude re a full stroke. @param {number} velocity */
export const amplitudeOf = (velocity) => Math.min(Math.max(velocity, 1), FULL) / FULL;

/** What a round robin changes; the first one, 0, changes nothing. @param {number} robin */
export function variationOf(robin) {
  const [cents, level, click] = [1, 2, 3].map((k) => 2 * ((0.5 + robin / ROBERTS ** k) % 1) - 1);
  return { cents: VARY_CENTS * cents, levelDb: VARY_DB * level, clickDb: Number((VARY_CLICK_DB * click).toFixed(3)) };
}

/** Name of a layer and a round robin together; null where they are the sound itself. @param {number} layer @param {number} robin */
export const keyOf = (layer, robin) => (tiltOf(layer) === 0 && variationOf(robin).clickDb === 0 ? null : `${layer} ${robin}`);

/** All that differ from the sound itself, the hardest first. */
export function colouredLayers() {
  const all = Array.from({ length: LAYERS * ROBINS }, (_, i) => ({ layer: LAYERS - 1 - Math.floor(i / ROBINS), robin: i % ROBINS }));
  return all.flatMap(({ layer, robin }) => {
    const key = keyOf(layer, robin);
    return key === null ? [] : [{ key, tilt: tiltOf(layer), click: variationOf(robin).clickDb }];
  });
}

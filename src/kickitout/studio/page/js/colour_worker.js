/** The layers of a sound, made in a thread of its own: a sound in, all that strokes of it need out, one after another. */

import { Colours } from "./colour.js";
import { colouredLayers } from "./velocity.js";

onmessage = ({ data: { samples, rate } }) => {
  const colours = new Colours(samples, rate);
  for (const { key, tilt, click } of colouredLayers()) {
    const made = colours.layer(tilt, click);
    postMessage({ key, ...made }, { transfer: made.samples.map(({ buffer }) => buffer) });
  }
  postMessage({ done: true });
};

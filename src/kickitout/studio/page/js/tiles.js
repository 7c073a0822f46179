/** Small kicks in a row: hover or focus plays, a click selects. */

import { play } from "./audio.js";
import { colour, drawWave, fresh } from "./draw.js";
import { make } from "./dom.js";
import { inWords } from "./words.js";

/** @typedef {import("./types.js").Sound} Sound */

/** @param {Sound} sound @param {(sound: Sound) => void} select @param {string} [text] */
export function tile(sound, select, text = inWords(sound).title) {
  const canvas = make("canvas", { "aria-hidden": "true" });
  const made = make("button", { class: "tile", title: sound.name, "aria-label": `${text}, ${sound.name}` }, canvas, make("span", {}, text));
  made.addEventListener("pointerenter", (event) => {
    if (event.pointerType !== "touch") play(sound, { since: event.timeStamp });
  });
  made.addEventListener("focus", () => made.matches(":focus-visible") && play(sound));
  made.addEventListener("click", (event) => {
    play(sound, { since: event.timeStamp });
    select(sound);
  });
  const paint = () => {
    const { pen, width, height } = fresh(canvas);
    pen.strokeStyle = colour("coral");
    drawWave(pen, sound.samples[0], { x: 0, y: 0, width, height });
  };
  new ResizeObserver(paint).observe(made);
  made.addEventListener("kick-paint", paint);
  return made;
}

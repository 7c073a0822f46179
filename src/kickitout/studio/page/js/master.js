/** The way out: all that sounds goes through one level and one limiter. */

import { CEILING_DBTP } from "./limiter.js";
import { quantity } from "./words.js";

export const FIRST_DB = -3; // a kick alone stays below the limiter, and a beat has some room
const SMOOTH_S = 0.015; // a level that is turned does not click

/** @type {WeakMap<BaseAudioContext, GainNode>} */
const ways = new WeakMap();
let levelDb = FIRST_DB;
/** What stands beside the level. @type {(text: string) => void} */
let say = () => {};

/** The node that a sound is connected to. @param {BaseAudioContext} ctx @returns {AudioNode} */
export function outputOf(ctx) {
  let way = ways.get(ctx);
  if (!way) {
    way = ctx.createGain();
    way.gain.value = 10 ** (levelDb / 20);
    way.connect(ctx.destination);
    ways.set(ctx, way);
    void limit(ctx, way);
  }
  return way;
}

/** Put the limiter behind the level: until it has been loaded, sounds go without. @param {BaseAudioContext} ctx @param {GainNode} way */
async function limit(ctx, way) {
  try {
    const limiter = await limiterOf(ctx);
    limiter.port.onmessage = ({ data }) => say(data < -0.05 ? `limiter ${quantity(data, "dB")}` : "");
    way.disconnect();
    way.connect(limiter).connect(ctx.destination);
  } catch {
    say("no limiter: the browser has none for pages that come without https");
  }
}

/** A limiter of a context. @param {BaseAudioContext} ctx */
export async function limiterOf(ctx) {
  await ctx.audioWorklet.addModule(new URL("./limiter_worklet.js", import.meta.url).href);
  return new AudioWorkletNode(ctx, "limiter", { channelCount: 2, channelCountMode: "explicit", outputChannelCount: [2] });
}

/** Set the level before the limiter. @param {BaseAudioContext} ctx @param {number} db */
export function setLevel(ctx, db) {
  levelDb = db;
  ways.get(ctx)?.gain.setTargetAtTime(10 ** (db / 20), ctx.currentTime, SMOOTH_S);
}

/** Show what the limiter does. @param {(text: string) => void} react */
export const onLimiting = (react) => void (say = react);

export const CEILING_TEXT = quantity(CEILING_DBTP, "dBTP");

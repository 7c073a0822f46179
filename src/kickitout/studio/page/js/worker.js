/** The model of an exported site, in a thread of its own: it renders, draws and measures there, and no frame waits for it. */

// @ts-ignore: it is put there when a site is exported
import * as ort from "../ort/ort.wasm.min.mjs";
import { blockOf, monoOf } from "./block.js";
import { channelsOf, feedOf, LENGTH, RATE } from "./curves.js";
import { follow, measuredUnder, pointsOf, underGains, zeroDb } from "./follow.js";
import { levelOf } from "./level.js";
import { periodsOf } from "./periods.js";

/** @typedef {import("./curves.js").Curves} Curves */
/** @typedef {Record<string, Float32Array | Int32Array>} Feed  inputs of the graph, by name */
/** @typedef {{channels: Float32Array[], latent: Float32Array}} Played */

/** @type {Record<string, string>} inputs that the graph calls otherwise: names in files, which stay */
const OF_THE_GRAPH = { noise: "eps", controls: "knobs" }; // of the graph
const session = opened();

/** Both large files are packed, as many hosts would send them as they are. */
async function opened() {
  const [runtime, model] = await Promise.all([unpacked("../ort/ort-wasm-simd-threaded.wasm.gzip"), unpacked("../model.onnx.gzip")]);
  ort.env.wasm.numThreads = 1; // as in Python: several would add up in another order
  ort.env.wasm.wasmPaths = new URL("../ort/", import.meta.url).href;
  ort.env.wasm.wasmBinary = runtime;
  return ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
}

/** @param {string} path */
async function unpacked(path) {
  const reply = await fetch(new URL(path, import.meta.url));
  if (!reply.ok || !reply.body) throw new Error(`${path.replace("../", "")} does not come from this server`);
  return new Uint8Array(await new Response(reply.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

/** A kick, before its level is drawn. @param {Feed} feed @param {Curves | null} curves null for a graph that takes none @returns {Promise<Played>} */
async function rendered(feed, curves) {
  const player = await session;
  const inputs = Object.entries({ ...feed, ...(curves && feedOf(curves)) });
  const tensors = Object.fromEntries(
    inputs.map(([name, row]) => {
      const size = name.startsWith("column_") ? [row.length] : [1, row.length];
      return [OF_THE_GRAPH[name] ?? name, new ort.Tensor(row instanceof Int32Array ? "int32" : "float32", row, size)];
    }),
  );
  const made = await player.run(tensors);
  const { waveform, place: latent } = made; // of the graph
  return { channels: channelsOf(waveform.data, waveform.dims[1]), latent: latent ? latent.data : new Float32Array(0) };
}

/** What a sound does under its curves. @param {Curves} curves @param {Float32Array[]} samples @param {Float32Array[]} raw */
function drawnOf(curves, samples, raw) {
  const [channels, before] = [samples, raw].map((all) => all.map((channel) => channel.subarray(0, LENGTH)));
  const { scale } = underGains(before, curves);
  return { points: pointsOf(curves, measuredUnder(curves, before, { channels, scale })), zero_db: zeroDb(before, scale) };
}

/** @type {Record<string, (given: any) => unknown>} */
const TASKS = {
  /** @param {{feed: Feed, curves: Curves | null}} given */
  play: async ({ feed, curves }) => {
    const made = await rendered(feed, curves);
    return { ...made, ...underGains(made.channels, curves ?? {}) };
  },
  /** @param {{feed: Feed, drawn: Curves, rounds: number}} given */
  draw: ({ feed, drawn, rounds }) => follow(drawn, rounds, (curves) => rendered(feed, curves)),
  /** The curves of a sound. @param {{samples: Float32Array[], raw: Float32Array[], curves?: Curves}} given raw: before its level was drawn */
  analyse: ({ samples, raw, curves }) => {
    const block = blockOf(monoOf(samples), RATE);
    const begins = block ? (block.onset * 1000) / RATE : 0;
    const periods = block ? periodsOf(block) : [];
    return {
      pitch: { ms: periods.map(({ ms }) => ms + begins), hz: periods.map(({ hz }) => hz) },
      level: block ? levelOf(block) : { ms: [], db: [] },
      drawn: curves && drawnOf(curves, samples, raw),
      spectrogram: null,
      nearest: null,
    };
  },
};

onmessage = async ({ data: { id, task, given } }) => {
  try {
    postMessage({ id, done: await TASKS[task](given) });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};

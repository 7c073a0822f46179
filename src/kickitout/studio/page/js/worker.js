/** The model of an exported site, in a thread of its own: noise or a latent in, a kick out. */

// @ts-ignore: it is put there when a site is exported
import * as ort from "../ort/ort.wasm.min.mjs";

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

onmessage = async ({ data: { id, feed } }) => {
  try {
    const player = await session;
    const tensors = Object.fromEntries(
      Object.entries(feed).map(([name, row]) => {
        const size = name.startsWith("column_") ? [row.length] : [1, row.length];
        return [OF_THE_GRAPH[name] ?? name, new ort.Tensor(row instanceof Int32Array ? "int32" : "float32", row, size)];
      }),
    );
    const made = await player.run(tensors);
    const { waveform, place: latent } = made; // of the graph
    postMessage({ id, wave: waveform.data, channels: waveform.dims[1], latent: latent ? latent.data : new Float32Array(0) });
  } catch (error) {
    postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};

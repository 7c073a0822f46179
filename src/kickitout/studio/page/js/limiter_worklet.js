/** The limiter on the audio thread: a sound in, the limited sound out, and now and then how far it was turned down. */

import { Limiter } from "./limiter.js";

const TELL_S = 0.1; // between two messages

/** @type {any} */
const scope = globalThis; // of an AudioWorklet

scope.registerProcessor(
  "limiter",
  class extends scope.AudioWorkletProcessor {
    constructor() {
      super();
      this.limiter = new Limiter(2, scope.sampleRate);
      this.told = 0;
      this.lowest = 1;
    }

    /** @param {Float32Array[][]} inputs @param {Float32Array[][]} outputs */
    process([input], [output]) {
      this.limiter.process(input, output);
      if (scope.currentTime >= this.told + TELL_S) {
        const { lowest } = this.limiter;
        if (lowest !== this.lowest) this.port.postMessage(20 * Math.log10(lowest)); // dB
        this.told = scope.currentTime;
        this.lowest = lowest;
        this.limiter.lowest = 1;
      }
      return true;
    }
  },
);

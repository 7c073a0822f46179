/**
 * Steps in time: each is handed to the audio clock shortly before it sounds, on a sample of its own, so that a page that
 * is busy for a moment changes nothing (Wilson 2013, web.dev/articles/audio-scheduling).
 */

import { audio, wake } from "./audio.js";

const AHEAD_S = 0.12; // steps are handed over so long before they sound
const HIDDEN_AHEAD_S = 1.5; // browsers wake a page that nobody sees once a second
const LOOK_MS = 25;
const FIRST_S = 0.06; // from the start to the first step

/**
 * @typedef {object} Steps
 * @property {() => number} count  steps of the pattern
 * @property {(step: number) => number} seconds  how long a step lasts
 * @property {(step: number, when: number) => void} play  when: in the context's time, on a sample
 * @property {(when: number) => void} begin
 * @property {() => void} end
 */

export class Transport {
  /** @param {Steps} steps */
  constructor(steps) {
    this.steps = steps;
    this.timer = 0;
    this.step = 0;
    this.next = 0; // when the next step sounds, in the context's time
    this.look = this.look.bind(this);
  }

  get running() {
    return this.timer !== 0;
  }

  run() {
    if (this.running) return;
    wake();
    this.step = 0;
    this.next = audio().currentTime + FIRST_S;
    this.steps.begin(this.next);
    this.timer = window.setInterval(this.look, LOOK_MS);
    document.addEventListener("visibilitychange", this.look); // a page that is being hidden looks further ahead at once
    this.look();
  }

  stop() {
    if (!this.running) return;
    clearInterval(this.timer);
    this.timer = 0;
    document.removeEventListener("visibilitychange", this.look);
    this.steps.end();
  }

  look() {
    const { currentTime: now, sampleRate } = audio();
    while (this.next < now + (document.hidden ? HIDDEN_AHEAD_S : AHEAD_S)) {
      this.step %= this.steps.count(); // it may have become shorter
      // What the page was too late for is left out, and the next step is in time.
      if (this.next >= now) this.steps.play(this.step, Math.ceil(this.next * sampleRate) / sampleRate);
      this.next += this.steps.seconds(this.step);
      this.step += 1;
    }
  }
}

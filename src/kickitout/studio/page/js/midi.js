/** Web MIDI: strokes of whatever is plugged in, devices that come and devices that go. Nothing is sent to them. */

import { Wrong } from "./wrong.js";

/**
 * @typedef {object} MidiTells
 * @property {(note: number, velocity: number, since: number) => void} struck  velocity from 1 to 127; since: of the event
 * @property {(note: number) => void} released
 * @property {(names: string[]) => void} present  the names of the devices that are there now
 * @property {(name: string) => void} gone
 */

const [NOTE_OFF, NOTE_ON, CONTROL] = [0x80, 0x90, 0xb0];
const SILENCING = [120, 123]; // all sound off, all notes off

export class Midi {
  /** @param {MidiTells} tells */
  constructor(tells) {
    this.tells = tells;
    /** @type {MIDIAccess | null} */
    this.access = null;
    /** @type {Promise<MIDIAccess> | null} while the user decides: with two answers each stroke would come twice */
    this.opening = null;
    /** @type {Map<string, {input: MIDIInput, name: string, down: Set<number>}>} by the device's id; down: keys that are held */
    this.devices = new Map();
  }

  /** Whether this browser can at all. */
  static get possible() {
    return "requestMIDIAccess" in navigator;
  }

  /** Whether the user has allowed it before: then nobody is bothered. */
  static async allowed() {
    if (!Midi.possible) return false;
    const found = await navigator.permissions?.query(/** @type {any} */ ({ name: "midi" })).catch(() => null);
    return found?.state === "granted";
  }

  /** Listen to all devices, now and later. Throws Wrong where the browser or the user says no. */
  async connect() {
    if (this.access) return this.look();
    if (!Midi.possible) throw new Wrong("This browser has no Web MIDI; Chrome, Edge and Firefox have it, and the keys 1 to 8 play in any.");
    this.opening ??= navigator.requestMIDIAccess({ sysex: false });
    const access = await this.opening.catch(() => {
      this.opening = null;
      throw new Wrong("The browser keeps MIDI devices from this page; allow them in the settings of this page, beside its address.");
    });
    if (!this.access) access.addEventListener("statechange", () => this.look());
    this.access = access;
    this.look();
  }

  /** Who has come, and who has gone. */
  look() {
    const there = [...(this.access?.inputs.values() ?? [])].filter(({ state }) => state === "connected");
    for (const input of there) {
      if (this.devices.get(input.id)?.input === input) continue;
      this.devices.set(input.id, { input, name: input.name || "a MIDI device", down: new Set() });
      input.onmidimessage = (event) => this.message(input.id, event);
    }
    for (const [id, { input, name, down }] of this.devices) {
      if (there.includes(input)) continue;
      input.onmidimessage = null;
      this.devices.delete(id);
      down.forEach((note) => this.tells.released(note)); // its keys can be let go by nobody else
      this.tells.gone(name);
    }
    this.tells.present([...this.devices.values()].map(({ name }) => name));
  }

  /** @param {string} id @param {MIDIMessageEvent} event */
  message(id, { data, timeStamp }) {
    const device = this.devices.get(id);
    if (!device || !data) return;
    const [status, note, velocity] = data;
    const kind = status & 0xf0; // any channel
    if (kind === NOTE_ON && velocity > 0) {
      device.down.add(note);
      this.tells.struck(note, velocity, timeStamp);
    } else if (kind === NOTE_OFF || kind === NOTE_ON) {
      device.down.delete(note);
      this.tells.released(note);
    } else if (kind === CONTROL && SILENCING.includes(note)) {
      device.down.forEach((held) => this.tells.released(held));
      device.down.clear();
    }
  }
}

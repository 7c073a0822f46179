/**
 * What flows between the modules.
 *
 * @typedef {Record<string, any>} Recipe  what re-renders a kick, as it is written into files
 * @typedef {Record<string, number | string | null>} Card  null: the kick has no such thing
 *
 * @typedef {object} Sound
 * @property {string} name
 * @property {Recipe | null} recipe  null for a sound that no model generated
 * @property {Card | null} card  null where nothing measures it
 * @property {Record<string, string>} reasons  why a field has no value
 * @property {Float32Array[]} samples  a channel each
 * @property {number} rate
 * @property {AudioBuffer} [buffer]  filled when it is first played
 * @property {Card} [base]  of an exported site: see Measured
 * @property {Record<string, [number, number][]>} [points]
 *
 * @typedef {object} Measured  what is known of a kick of an exported site
 * @property {Card} [base]  its card before a control moved
 * @property {Record<string, [number, number][]>} [points]  and what that says with a control moved: turn and value, by the turn
 *
 * @typedef {object} TargetResult  what a kick achieves of one target
 * @property {string} name
 * @property {string} unit
 * @property {string} error_unit
 * @property {boolean} reached
 * @property {[number, number] | null} reachable  what the kick can give, where that is not the target
 * @property {number} requested
 * @property {number | null} achieved
 * @property {number | null} error
 *
 * @typedef {object} Target  of an exported site: a control, which is set
 * @property {string} name
 * @property {string} field  of the card; "" for a control that is set and not measured
 * @property {string} unit
 * @property {string} scale
 * @property {number} low
 * @property {number} high
 * @property {number | null} [longest]  the most of a kick that may ring on
 * @property {string} meaning
 *
 * @typedef {object} Calibration  what a control does to a field of the card, though nothing measures that here
 * @property {string} field
 * @property {string} unit
 * @property {number} within  nine of ten kicks come so near, in `within_unit`; between points, where there are any
 * @property {string} within_unit
 * @property {boolean} points  whether it is known from points that were measured, and not by a rule
 *
 * @typedef {{curve: "pitch" | "level", ms: number, drawn: number, achieved: number | null, error: number | null}} DrawnPoint
 *
 * @typedef {object} Analysis
 * @property {{ms: number[], hz: number[]}} pitch
 * @property {{ms: number[], db: number[]}} level
 * @property {{rows: number, columns: number, low_hz: number, high_hz: number, floor_db: number, data: string} | null} spectrogram  null where none is made
 * @property {{points: DrawnPoint[], zero_db: number}} [drawn]  of a kick under curves; zero_db: 0 dB of its level curve, re full scale
 * @property {{known: boolean, why?: string, name?: string, distance?: number, limit?: number | null, by?: "sounds" | "fingerprints"} | null} nearest  null where the training kicks are not
 *
 * @typedef {{sounds: Sound[], head: Record<string, any>}} Reply
 *
 * @typedef {object} About
 * @property {string} version
 * @property {{name: string, word: string, sha256: string, kicks: number | null, channels: number, rate: number}} model
 * @property {number} opening  seed of the kick that the page opens with
 * @property {boolean} has_latent  latents and controls, or seeds alone
 * @property {string} no_encoder  why it cannot start from a sound; "" if it can
 * @property {Target[]} targets
 * @property {string[]} controls  names of the model's own controls, in the order that recipes have them
 * @property {{name: string, unit: string, meaning: string, digits: number}[]} fields
 * @property {{name: string, title: string, usual: boolean}[]} formats  of a kit; usual: ticked at first
 * @property {string[]} [styles]  within which its kicks can be drawn
 * @property {string | null} references
 * @property {Record<string, Calibration>} [calibration]  of an exported site, by the name of a control
 * @property {string[]} [without]  what this page does not have: "kit", "formats", "cards", "spectrogram", "inversion", "training", "curves"
 */
export {};

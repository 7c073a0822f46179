/** Who makes the sounds: the studio's server. An exported site has another file of this name. */
export { backend, Wrong } from "./api.js";

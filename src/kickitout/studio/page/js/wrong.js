/** What went wrong, as one sentence for the reader. */
export class Wrong extends Error {}

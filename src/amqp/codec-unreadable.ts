/** Why something that arrived is no task, thrown from wherever it shows and turned into a value by the codec. */
export class Unreadable extends Error {}

/** The nodes that mark where a pass begins, and where a loop is to end. They have nothing to be set. */
export type PassConfig = Readonly<Record<string, never>>;

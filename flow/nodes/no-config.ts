/** Of nodes with nothing to be set: those that mark where a pass begins, and where a loop is to end. */
export type NoConfig = Readonly<Record<string, never>>;

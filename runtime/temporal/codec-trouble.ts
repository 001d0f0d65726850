/** Where the keys are set. */
export const KEYS_VARIABLE = 'RISKFLOW_TEMPORAL_KEYS';

/** The payload is encrypted with a key that is not among `known`, ids of keys. */
export const keyMissing = (id: string, known: readonly string[]): string =>
  `a payload of Temporal is encrypted with the key "${id}", which is not among those of ${KEYS_VARIABLE} (${
    known.length === 0 ? 'none is set' : known.map((key) => `"${key}"`).join(', ')
  })`;

export const keyDiffers = (id: string): string =>
  `a payload of Temporal does not open with the key "${id}" of ${KEYS_VARIABLE}: it or the key was changed`;

/**
 * Whether a message, here or from a worker by way of Temporal's history, is one of the above. Such messages tell nothing of what was in
 * the payload, so they may stand where an operator reads them.
 */
export const isKeyTrouble = (message: string): boolean =>
  /^a payload of Temporal (?:is encrypted|does not open) with the key "/.test(message);

import { RiskflowError } from '../schemas/core.ts';

/** Turns the data of an event from one schema version into the next. */
export type Upcaster = (data: unknown) => unknown;

/**
 * The steps of an event type, oldest first: the first turns version 1 into 2, and so on. A type without steps is at version 1.
 * Events are never rewritten; they are brought up to date when they are read.
 */
export type Upcasters = Readonly<Record<string, readonly Upcaster[]>>;

export const currentSchemaVersion = (registry: Upcasters, type: string): number => (registry[type]?.length ?? 0) + 1;

/** Erased data (null) stays null. @throws RiskflowError `unsupported` for an event that a newer Riskflow has written */
export function upcast(registry: Upcasters, type: string, stored: { readonly schemaVersion: number; readonly data: unknown }): unknown {
  const steps = registry[type];
  const known = currentSchemaVersion(registry, type);
  if (stored.schemaVersion > known) {
    throw new RiskflowError(
      'unsupported',
      `an event ${type} has the form ${stored.schemaVersion}, and this Riskflow knows it up to ${known}`,
      {
        hint: 'use the version of Riskflow that wrote it, or a newer one',
      },
    );
  }
  if (steps === undefined || stored.data === null) return stored.data;
  return steps.slice(stored.schemaVersion - 1).reduce<unknown>((data, step) => step(data), stored.data);
}

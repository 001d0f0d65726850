import { readAllSettings, type SettingsReading, type Surroundings } from '../settings.ts';
import type { Position } from './problems.ts';
import { settingWarnings } from './warnings.ts';

/** Something about a setting. */
export type SettingFinding = {
  /** Its path in the file or its variable; empty where it is about the file itself. */
  readonly setting: string;
  /** The configuration file, where it stands in that; else null. */
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  /** How to mend it. */
  readonly hint: string | null;
};

export type CheckedConfiguration = {
  /** Absolute path of the configuration file; null where there is none. */
  readonly file: string | null;
  readonly errors: readonly SettingFinding[];
  readonly warnings: readonly SettingFinding[];
};

/** Everything that is wrong with the configuration file and the environment. Nothing is opened or asked over the network. */
export function checkConfiguration(surroundings: Surroundings): CheckedConfiguration {
  return findingsOf(readAllSettings(surroundings), surroundings);
}

export function findingsOf(reading: SettingsReading, { environment, folder }: Surroundings): CheckedConfiguration {
  const file = reading.file.exists ? reading.file.path : null;
  const at = (position: Position | undefined): Pick<SettingFinding, 'file' | 'line' | 'column'> =>
    position === undefined ? { file: null, line: null, column: null } : { file, ...position };
  return {
    file,
    errors: reading.errors
      .toSorted((a, b) => lineOf(a) - lineOf(b))
      .map(({ setting, short, hint, position }) => ({
        setting,
        ...at(position),
        message: short,
        hint: hint ?? null,
      })),
    warnings: settingWarnings({ reading, environment, folder }).map(({ setting, message, hint, position }) => ({
      setting,
      ...at(position),
      message,
      hint: hint ?? null,
    })),
  };
}

/** What stands elsewhere than in the file comes last. */
const lineOf = ({ position }: { readonly position: Position | undefined }): number => position?.line ?? Infinity;

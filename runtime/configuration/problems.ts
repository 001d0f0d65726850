import { isRiskflowError, RiskflowError, type ErrorCode } from '../../schemas/index.ts';
import type { Attempt } from './attempt.ts';

/** Where something stands in the configuration file; both count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** What is wrong with one setting. */
export type Problem = {
  /** Its path in the file or its variable; empty where it is about the file itself. */
  readonly setting: string;
  /** One sentence that stands by itself. */
  readonly message: string;
  /** How to mend it. */
  readonly hint: string | undefined;
};

/** An error of the configuration; a warning has no code, and nothing ends because of it. */
export type SettingError = Problem & {
  readonly code: ErrorCode;
  /** The message beside a position, where the file and the setting are said already. */
  readonly short: string;
  /** Undefined where it stands elsewhere than in the file. */
  readonly position: Position | undefined;
};

/** Notes what is wrong and goes on. */
export type Collector = {
  readonly errors: readonly SettingError[];
  readonly add: (errors: readonly SettingError[]) => void;
  readonly attempt: Attempt;
  /** Reads what has several settings. @returns undefined when any of them is wrong */
  readonly part: <T>(read: () => T) => { readonly value: T } | undefined;
};

/** @param positionOf where a setting stands in the file, by its path in parts */
export function createCollector(positionOf: (path: readonly string[]) => Position | undefined): Collector {
  const errors: SettingError[] = [];
  const attempt: Attempt = (setting, read) => {
    try {
      return read();
    } catch (error) {
      if (!isRiskflowError(error)) throw error;
      const { code, message, hint } = error;
      errors.push({ setting, code, message, short: message, hint, position: positionOf(setting.split('.')) });
      return undefined;
    }
  };
  return {
    errors,
    add: (more) => void errors.push(...more),
    attempt,
    part: (read) => {
      const before = errors.length;
      const value = read();
      return errors.length === before ? { value } : undefined;
    },
  };
}

/** As a command that needs the settings tells it. */
export function firstError(errors: readonly SettingError[]): RiskflowError | undefined {
  const [first, ...others] = errors;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? [] : [`\`riskflow config check\` shows ${others.length} more`];
  const hint = [...(first.hint === undefined ? [] : [first.hint]), ...more].join('; ');
  return new RiskflowError(first.code, first.message, hint === '' ? {} : { hint });
}

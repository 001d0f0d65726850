import type { Environment } from '../configuration/attempt.ts';
import type { SettingsReading } from '../settings.ts';

export type Status = 'ok' | 'warning' | 'problem';

/** What one check came to. */
export type Judgement = {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly status: Status;
  /** What was found. */
  readonly detail: string;
  /** How to mend it; null where nothing is to be done. */
  readonly remedy: string | null;
};

export const ok = (check: string, detail: string): Judgement => ({ check, status: 'ok', detail, remedy: null });
export const warning = (check: string, detail: string, remedy: string): Judgement => ({ check, status: 'warning', detail, remedy });
export const problem = (check: string, detail: string, remedy: string): Judgement => ({ check, status: 'problem', detail, remedy });

export type Surroundings = {
  /** Settings as far as they could be read. */
  readonly reading: SettingsReading;
  /** The environment as it was given. */
  readonly environment: Environment;
  readonly folder: string;
  /** Milliseconds that any one question may take. */
  readonly timeoutMs: number;
};

/** One thing to look at: a server, a folder, the machine. It changes nothing. */
export type Subject = { readonly name: string; readonly examine: (surroundings: Surroundings) => Promise<readonly Judgement[]> };

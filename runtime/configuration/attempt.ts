/**
 * Reads one setting, named by its path in the configuration file or by its variable. Most commands end with the first thing that is wrong
 * (`orThrow`); who wants to know all of them notes it and goes on with undefined.
 */
export type Attempt = <T>(setting: string, read: () => T) => T | undefined;

export const orThrow: Attempt = (_setting, read) => read();

export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable without blanks around it; undefined where it is not set or empty. */
export function valueOf(environment: Environment, variable: string): string | undefined {
  const text = environment[variable]?.trim() ?? '';
  return text === '' ? undefined : text;
}

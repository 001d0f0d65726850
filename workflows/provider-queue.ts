/**
 * The task queue of a model provider that has one of its own, which the server hands out at that provider's rate.
 *
 * @param provider the short id of the provider, as `loadPlan` names it and as the worker polls it
 */
export function providerQueue(mainQueue: string, provider: string): string {
  return `${mainQueue}.${provider.replace(UNSAFE, escaped)}`;
}

/** What may be misread in a queue's name: everything but letters, digits, `_`, `-` and dots is spelled as `~` and its code in hex. */
const UNSAFE = /[^\w.-]/gu;
const escaped = (character: string): string => `~${(character.codePointAt(0) ?? 0).toString(16)}`;

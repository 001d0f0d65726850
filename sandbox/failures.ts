/** The sentences a person reads when a call of user code fails. Lengths in UTF-16 units. */
export const timeoutMessage = (timeoutMs: number): string => `The code ran longer than ${timeoutMs} ms.`;

export const MEMORY_MESSAGE = 'The code needed more memory than it may use.';

export const STACK_MESSAGE = 'The code nests too deeply.';

export const resultTooLong = (length: number, limit: number): string =>
  `What main() returned is too large: ${length} characters of JSON, where the limit is ${limit}.`;

export const inputTooLong = (what: 'code' | 'inputs', length: number, limit: number): string =>
  `The ${what} of the code node ${what === 'code' ? 'is' : 'are'} too large: ${length} characters, where the limit is ${limit}.`;

import { inspect } from 'node:util';
import { exitCodeOf, isRiskflowError, messageOf } from '../schemas/core.ts';
import { maskSecrets } from './mask-secrets.ts';
import { oneLine } from './output/visible-text.ts';
import type { Terminal } from './terminal.ts';

/**
 * Says what went wrong on standard error: one sentence, how to mend it below, the stack only with `debug`.
 * @returns the exit code
 */
export function printError(
  terminal: Pick<Terminal, 'err' | 'env' | 'folder'>,
  error: unknown,
  { debug }: { readonly debug: boolean },
): number {
  const known = isRiskflowError(error) ? error : undefined;
  const sentence = known?.message ?? `unexpected: ${messageOf(error)}, this is a bug; run again with --debug`;
  const lines = [`riskflow: ${oneLine(sentence)}`];
  if (known?.hint !== undefined) lines.push(`  → ${oneLine(known.hint)}`);
  if (debug) lines.push(inspect(error));
  terminal.err.write(`${maskSecrets(lines.join('\n'), terminal)}\n`);
  return known === undefined ? 1 : exitCodeOf(known);
}

import type { Command } from 'commander';
import { option, type VerbOption } from '../declare.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from './numbers.ts';

const DEFAULT_LIMIT = 100;

/** Options of lists that come in pages; `place` is what the items are counted by. */
export const pageOptions = (place: string): readonly VerbOption[] => [
  option('--source <ID>', 'of this source only'),
  option('--limit <N>', 'at most so many', { read: wholeNumber('--limit', { min: 1, max: 100_000 }), standard: DEFAULT_LIMIT }),
  option('--after <N>', `those that come after this ${place}`, {
    read: wholeNumber('--after', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    standard: 0,
  }),
];

type PageOptions = { readonly source?: string; readonly limit?: number; readonly after?: number };

export function pageOf(command: Command): { readonly sourceId?: string; readonly limit: number; readonly after: number } {
  const { source, limit = DEFAULT_LIMIT, after = 0 } = command.opts<PageOptions>();
  return { limit, after, ...(source === undefined ? {} : { sourceId: source }) };
}

export function tellOfMore(session: Session, limit: number, items: readonly { readonly n: number }[]): void {
  const last = items.at(-1);
  if (last !== undefined && items.length === limit) session.notice(`there may be more: --after ${last.n}`);
}

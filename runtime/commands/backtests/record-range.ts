import { RiskflowError, type ArrivedRecord, type RecordRange } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

/** Which records are meant, as a person says it. Times are milliseconds since 1970 UTC; `to` is not in the range. */
export type RangeRequest = {
  readonly from?: number;
  readonly to?: number;
  /** Arrival numbers, both in the range. */
  readonly arrivals?: { readonly first: number; readonly last: number };
  readonly limit?: number;
};

/** The range as it is now: what arrives later is not in it. @throws RiskflowError `usage` for a range that holds nothing by itself */
export async function fixRange(context: Context, sourceId: string, { from, to, arrivals, limit }: RangeRequest): Promise<RecordRange> {
  const { storage, workspaceId } = context;
  if (from !== undefined && to !== undefined && from >= to) throw new RiskflowError('usage', '--from must be before --to');
  const last = await storage.inbox.lastArrival(workspaceId, sourceId);
  const { first = 1, last: asked = last } = arrivals ?? {};
  if (first > asked && arrivals !== undefined) throw new RiskflowError('usage', `--arrivals ${first}..${asked} has no record in it`);
  if (last === 0)
    throw new RiskflowError('not_found', `source "${sourceId}" has no records yet`, {
      hint: `read them first: riskflow source start ${sourceId}`,
    });
  if (first > last)
    throw new RiskflowError('not_found', `source "${sourceId}" has ${last} records, so none that arrived as number ${first} or later`);
  const range = { after: first - 1, upTo: Math.min(asked, last), from: from ?? null, to: to ?? null, limit: limit ?? null };
  const missing = await missingOf(context, sourceId, range);
  if (missing !== null && (await countRange(context, sourceId, { ...range, limit: 1 })) === 0)
    throw new RiskflowError('not_found', `none of these records is kept any more: ${missing}`, {
      hint: 'keepDays in the settings of a source says how long its records are kept',
    });
  return range;
}

/** What of a range was deleted since its time was over, in a sentence; null when all of it is there. */
export async function missingOf({ storage, workspaceId }: Context, sourceId: string, { after, from }: RecordRange): Promise<string | null> {
  const { records, upTo, lastTime } = await storage.inbox.trimmed(workspaceId, sourceId);
  if (records === 0 || after >= upTo || (from !== null && lastTime !== null && from > lastTime)) return null;
  const which = records === upTo ? `records 1 to ${upTo}` : `${records} of the records up to number ${upTo}`;
  return `${which} of source "${sourceId}" were deleted (keepDays), and those of this range among them are missing`;
}

const PAGE = 250;

/** The records of a range in the order of their arrival. */
export async function* rangePages(
  { storage, workspaceId }: Context,
  sourceId: string,
  { after, upTo, from, to, limit }: RecordRange,
): AsyncGenerator<readonly ArrivedRecord[], void> {
  let place = after;
  let left = limit ?? Infinity;
  while (left > 0) {
    const page = await storage.inbox.range(workspaceId, sourceId, {
      after: place,
      upTo,
      limit: Math.min(PAGE, left),
      ...(from === null ? {} : { from }),
      ...(to === null ? {} : { to }),
    });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    place = last.arrival;
    left -= page.length;
  }
}

/** How many records a range holds. */
export async function countRange(context: Context, sourceId: string, range: RecordRange): Promise<number> {
  const isWhole = range.from === null && range.to === null && (await missingOf(context, sourceId, range)) === null;
  if (isWhole) return Math.min(range.upTo - range.after, range.limit ?? Infinity);
  let count = 0;
  for await (const page of rangePages(context, sourceId, range)) count += page.length;
  return count;
}

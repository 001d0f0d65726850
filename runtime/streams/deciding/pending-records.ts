import { setTimeout as delay } from 'node:timers/promises';
import { lanesOfPart, type ArrivedRecord, type DecisionMade } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import type { Deciding } from './deciding.ts';
import type { DuplicateRule } from './duplicate-keys.ts';
import { HOLD_MS, isHeldUp } from './hold-up.ts';
import type { SourceState } from '../source-state.ts';

const PAGE = 250;
const IDLE_MS = 100;

/** A record, and whether it is to be decided. */
export type AskedRecord = {
  readonly record: ArrivedRecord;
  readonly isWanted: boolean;
  /** The live decision that an earlier owner made, when he did not come to the one beside it. */
  readonly made: DecisionMade['data'] | undefined;
};

/** The pending records of a part in the order of their arrival, each once, with what is known of each. `rule`: as it is at that moment. */
export async function* pendingRecords(
  context: Context,
  part: number,
  deciding: Deciding & { readonly rule: () => DuplicateRule; readonly isEnough: () => boolean },
): AsyncGenerator<AskedRecord, void> {
  const { watch, rule, isEnough } = deciding;
  const madeOf = await decisionsLeft(context, watch.view().state);
  for await (const page of pagesOf(context, part, deciding)) {
    rule().see(page);
    const made = await madeOf(page);
    for (const record of page) {
      if (isEnough()) return;
      const decision = made.get(record.recordId);
      yield { record, isWanted: (await rule().wants(record)) || decision !== undefined, made: decision };
    }
  }
}

/** All that is pending now, in pages. */
export async function* waitingPages(context: Context, sourceId: string, part: number): AsyncGenerator<readonly ArrivedRecord[], void> {
  let after = 0;
  for (;;) {
    const page = await context.storage.inbox.pending(context.workspaceId, sourceId, { after, limit: PAGE, lanes: lanesOfPart(part) });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.arrival;
  }
}

/** Pages of what is pending, each record once; waits for more where it is to follow. */
async function* pagesOf(context: Context, part: number, deciding: Deciding): AsyncGenerator<readonly ArrivedRecord[], void> {
  const { sourceId, signal, follow, isEnough = () => false } = deciding;
  const lanes = lanesOfPart(part);
  let after = 0;
  while (!signal.aborted && !isEnough()) {
    if (await isHeldUp(deciding)) {
      if (!follow()) return;
      await delay(HOLD_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const mayCome = follow();
    const page = await context.storage.inbox.pending(context.workspaceId, sourceId, { after, limit: PAGE, lanes });
    const last = page.at(-1);
    if (last !== undefined) {
      after = last.arrival;
      yield page;
    } else if (mayCome) await delay(IDLE_MS, undefined, { signal }).catch(() => undefined);
    else return;
  }
}

/** Live decisions of records that are pending for the one beside them, by record. */
type MadeOf = (page: readonly ArrivedRecord[]) => Promise<ReadonlyMap<string, DecisionMade['data']>>;

/** Where a source has or had a shadow, an earlier owner may have left such records. */
async function decisionsLeft(context: Context, { sourceId, hadShadow }: SourceState): Promise<MadeOf> {
  const { storage, workspaceId } = context;
  const upTo = hadShadow ? await storage.inbox.lastArrival(workspaceId, sourceId) : 0;
  return async (page) => {
    const recordIds = page.flatMap(({ arrival, recordId }) => (arrival <= upTo ? [recordId] : []));
    if (recordIds.length === 0) return NONE_MADE;
    await storage.projections.catchUp(workspaceId);
    const rows = await storage.read.decisionsAbout(workspaceId, { sourceId, mode: 'live', recordIds });
    return new Map(rows.map(({ n: _n, ...made }) => [made.recordId, made]));
  };
}
const NONE_MADE: ReadonlyMap<string, DecisionMade['data']> = new Map();

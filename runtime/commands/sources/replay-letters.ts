import { createRecordDecoder } from '../../../connectors/index.ts';
import { RiskflowError, type StoredDeadLetter } from '../../../schemas/index.ts';
import { utf8, type Context, type OnProgress } from '../../context.ts';
import { mapRecord } from '../../streams/intake/map-record.ts';
import { openDecoder } from '../../streams/intake/open-decoder.ts';
import { makerOf } from '../../streams/intake/read-source.ts';
import { watchSource } from '../../streams/source-watch.ts';

export type ReplayRequest = {
  readonly sourceId: string;
  /** Only these; default: all of the source that were not replayed. */
  readonly ids?: readonly number[];
  /** What the record is instead of the bytes it came as: JSON text, of one dead letter. */
  readonly value?: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
};

/** `left`: those that still cannot be used, and why; the first of them. */
export type Replayed = {
  readonly replayed: number;
  /** Left out by the filter or the sampling rate now; they stay where they are. */
  readonly skipped: number;
  readonly left: readonly { readonly id: number; readonly reason: string }[];
  readonly leftCount: number;
};

const PAGE = 200;
const MOST_TOLD = 20;

/**
 * Reads dead letters again, with the settings and the flow that the source has now, and puts those that can be used into its inbox. Each becomes a
 * record once, however often it is replayed.
 */
export async function replayDeadLetters(context: Context, request: ReplayRequest): Promise<Replayed> {
  const { sourceId, ids, value, onProgress = () => undefined, signal } = request;
  if (value !== undefined && ids?.length !== 1)
    throw new RiskflowError('usage', 'a value can be given for one dead letter, which has to be named');
  const view = (await watchSource(context, sourceId)).view();
  const maker = makerOf(context, view);
  const decode = value === undefined ? openDecoder(context, view.state) : createRecordDecoder({ kind: 'json' }).decode;
  const total = ids?.length ?? (await context.storage.inbox.counts(context.workspaceId, sourceId)).deadLetters;
  const left: { readonly id: number; readonly reason: string }[] = [];
  let replayed = 0;
  let skipped = 0;
  let done = 0;
  for await (const letter of lettersOf(context, sourceId, ids)) {
    signal?.throwIfAborted();
    const { key, headers, timestamp, recordId } = letter;
    const content = await decode({ bytes: value === undefined ? letter.bytes : utf8(value), headers });
    const read = { offset: letter.origin.offset, bytes: letter.bytes, meta: { key, headers, timestamp }, content, recordId };
    const mapped = mapRecord(maker, read, letter.origin);
    if (mapped.kind === 'letter') left.push({ id: letter.id, reason: mapped.letter.reason });
    else if (mapped.kind === 'skipped') skipped++;
    else if (await context.storage.inbox.replay(context.workspaceId, { id: letter.id, record: mapped.record })) replayed++;
    onProgress({ label: `replay ${sourceId}`, done: ++done, total });
  }
  return { replayed, skipped, left: left.slice(0, MOST_TOLD), leftCount: left.length };
}

async function* lettersOf(context: Context, sourceId: string, ids: readonly number[] | undefined): AsyncGenerator<StoredDeadLetter, void> {
  const { inbox } = context.storage;
  if (ids !== undefined) {
    for (const id of ids) yield await letterOf(context, sourceId, id);
    return;
  }
  let after = 0;
  for (;;) {
    const page = await inbox.deadLetters(context.workspaceId, { sourceId, after, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function letterOf(context: Context, sourceId: string, id: number): Promise<StoredDeadLetter> {
  const letter = await context.storage.inbox.deadLetter(context.workspaceId, id);
  if (letter === undefined || letter.origin.sourceId !== sourceId)
    throw new RiskflowError('not_found', `source "${sourceId}" has no dead letter ${id}`, {
      hint: `riskflow deadletter list --source ${sourceId}`,
    });
  if (letter.replayedAs !== null)
    throw new RiskflowError('conflict', `the dead letter ${id} was replayed before, as record ${letter.replayedAs}`);
  return letter;
}

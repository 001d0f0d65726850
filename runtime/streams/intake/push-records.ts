import {
  hashJson,
  isNumeric,
  RiskflowError,
  toJsonText,
  type DeadLetter,
  type InboxRecord,
  type ObjectValue,
  type RecordOrigin,
  type SourceRecord,
} from '../../../schemas/index.ts';
import { newId, utf8, type Context } from '../../context.ts';
import { mapRecord, type MappedRecord } from './map-record.ts';
import { makerOf } from './read-source.ts';
import { createRoom, type Room } from './room.ts';
import { watchSource, type SourceWatch } from '../source-watch.ts';

/** A record that a client sends; `recordId` is what it calls it, so that it may send it again. */
export type PushedRecord = { readonly fields: ObjectValue; readonly recordId: string | null };

/** What became of a record: it is in the inbox, it was there, the filter left it out, or it cannot be used and is a dead letter. */
export type PushResult =
  | { readonly status: 'accepted' | 'duplicate'; readonly recordId: string }
  | { readonly status: 'skipped' }
  | { readonly status: 'dead-letter'; readonly reason: string };

/** Takes in what is pushed to sources. */
export type Inlet = {
  /**
   * @throws RiskflowError `not_found` for no such source, `usage` for one that is not pushed to, `conflict` for one that is stopped, `busy` while too
   * many records wait
   */
  push(sourceId: string, records: readonly PushedRecord[]): Promise<readonly PushResult[]>;
};

const FIRST_INCARNATION = 1;
const ONLY_PARTITION = 0;
const LONGEST_ID = 200;

type Known = { readonly watch: SourceWatch; readonly room: () => Room };

const RECORD_ID_LENGTH = 32;
/** What a client calls a record names it within its source only: runs and decisions are named by records of all sources. */
const idOfPushed = (sourceId: string, own: string): string => hashJson(['pushed', sourceId, own]).slice(0, RECORD_ID_LENGTH);

export function openInlet(context: Context): Inlet {
  const known = new Map<string, Promise<Known>>();
  const open = async (sourceId: string): Promise<Known> => {
    const watch = await watchSource(context, sourceId);
    const limitOf = (): number => watch.view().state.settings.decide.maxPending;
    let made = { maxPending: limitOf(), room: createRoom(context, { sourceId, maxPending: limitOf() }) };
    const room = (): Room => {
      const maxPending = limitOf();
      if (maxPending !== made.maxPending) made = { maxPending, room: createRoom(context, { sourceId, maxPending }) };
      return made.room;
    };
    return { watch, room };
  };
  const knownOf = (sourceId: string): Promise<Known> => {
    const found = known.get(sourceId) ?? open(sourceId);
    known.set(sourceId, found);
    found.catch(() => known.delete(sourceId));
    return found;
  };
  return {
    push: async (sourceId, records) => {
      const { watch, room: roomNow } = await knownOf(sourceId);
      const view = await watch.refresh();
      const room = roomNow();
      refuse(sourceId, view.state.settings.connector.kind, view.state.wish);
      if (!room.hasRoom())
        throw new RiskflowError('busy', `too many records of source "${sourceId}" wait to be decided`, { hint: 'send them again later' });
      const { connector } = view.state.settings;
      const idField = connector.kind === 'push' ? connector.idField : undefined;
      const results = take(context, { sourceId, view, idField }, records);
      const written = await context.storage.inbox.push(context.workspaceId, {
        records: results.records,
        deadLetters: results.deadLetters,
        partition: { sourceId, incarnation: FIRST_INCARNATION, topic: sourceId, partition: ONLY_PARTITION },
        skipped: results.fates.filter(({ status }) => status === 'skipped').length,
      });
      room.taken(written.filter(({ isNew }) => isNew).length);
      let next = 0;
      return results.fates.map((fate): PushResult => {
        if (fate.status !== 'accepted') return fate;
        return { ...fate, status: written[next++]?.isNew === true ? 'accepted' : 'duplicate' };
      });
    },
  };
}

function refuse(sourceId: string, kind: string, wish: string): void {
  if (kind !== 'push')
    throw new RiskflowError('usage', `source "${sourceId}" reads by itself (${kind}), and is not pushed to`, {
      hint: 'create one with: riskflow source create ID --push --flow FLOW',
    });
  if (wish === 'stop')
    throw new RiskflowError('conflict', `source "${sourceId}" is stopped`, { hint: `riskflow source resume ${sourceId}` });
}

type Taking = { readonly sourceId: string; readonly view: ReturnType<SourceWatch['view']>; readonly idField: string | undefined };

function take(
  context: Context,
  { sourceId, view, idField }: Taking,
  pushed: readonly PushedRecord[],
): { readonly records: readonly InboxRecord[]; readonly deadLetters: readonly DeadLetter[]; readonly fates: readonly PushResult[] } {
  const maker = makerOf(context, view);
  const records: InboxRecord[] = [];
  const deadLetters: DeadLetter[] = [];
  const fates = pushed.map(({ fields, recordId }): PushResult => {
    // The inbox gives it its place.
    const origin: RecordOrigin = { sourceId, incarnation: FIRST_INCARNATION, topic: sourceId, partition: ONLY_PARTITION, offset: 0 };
    const own = recordId ?? idIn(fields, idField);
    const text = toJsonText(fields);
    const read: SourceRecord = {
      offset: 0,
      bytes: utf8(text),
      meta: null,
      content: { ok: true, fields, text },
      // Whoever does not name it cannot send it again, and gets a new one.
      recordId: own === null ? newId() : idOfPushed(sourceId, own),
    };
    const mapped =
      own !== null && own.length > LONGEST_ID
        ? refusedLetter(context, { origin, read, reason: `its id is longer than ${LONGEST_ID} characters` })
        : mapRecord(maker, read, origin);
    if (mapped.kind === 'record') {
      records.push(mapped.record);
      return { status: 'accepted', recordId: mapped.record.recordId };
    }
    if (mapped.kind === 'skipped') return { status: 'skipped' };
    deadLetters.push(mapped.letter);
    return { status: 'dead-letter', reason: mapped.letter.reason };
  });
  return { records, deadLetters, fates };
}

function refusedLetter(
  context: Context,
  { origin, read, reason }: { readonly origin: RecordOrigin; readonly read: SourceRecord; readonly reason: string },
): MappedRecord {
  const letter: DeadLetter = {
    origin,
    bytes: read.bytes,
    key: null,
    headers: [],
    timestamp: null,
    stage: 'map',
    reason,
    receivedAt: context.now(),
    recordId: null,
  };
  return { kind: 'letter', letter };
}

function idIn(fields: ObjectValue, idField: string | undefined): string | null {
  const value = idField === undefined ? null : (fields.get(idField) ?? null);
  if (typeof value === 'string' && value !== '') return value;
  return value !== null && isNumeric(value) ? toJsonText(value) : null;
}

import { sha256Hex, type Claim, type InboxRecord } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import type { SourceSettings } from './sources/source-settings.ts';

export type PendingRecord = InboxRecord & { readonly arrival: number };

/** What a source's `onDuplicateKey` says about each record. */
export type DuplicateRule = {
  /** Whether the record is to be decided, else it is superseded. Asked about all pending records in the order of their arrival. */
  wants(record: PendingRecord): Promise<boolean>;
  /** Written with its decision. */
  claims(record: PendingRecord): readonly Claim[];
  /** Told when its decision is durable. */
  settled(record: PendingRecord): void;
};

/** The rule of a source for one start. `pending` gives every record that is not decided. */
export async function duplicateRule(
  context: Context,
  source: SourceSettings,
  pending: () => AsyncIterable<PendingRecord>,
): Promise<DuplicateRule> {
  if (source.onDuplicateKey === 'keep') return keepFirst(context, source);
  if (source.onDuplicateKey === 'replace') return keepLast(pending());
  return { wants: () => Promise.resolve(true), claims: () => [], settled: () => undefined };
}

/** The first record with a key claims it with its decision; until then the key is remembered here. */
function keepFirst(context: Context, { sourceId }: SourceSettings): DuplicateRule {
  const scope = `source-key/${sourceId}`;
  const underWay = new Set<string>();
  return {
    wants: async ({ key }) => {
      if (key === null) return true;
      const name = sha256Hex(key);
      if (underWay.has(name) || (await context.storage.events.readClaim(context.workspaceId, scope, name)) !== undefined) return false;
      underWay.add(name);
      return true;
    },
    claims: ({ key, recordId }) => (key === null ? [] : [{ scope, key: sha256Hex(key), value: recordId }]),
    settled: ({ key }) => {
      if (key !== null) underWay.delete(sha256Hex(key));
    },
  };
}

async function keepLast(pending: AsyncIterable<PendingRecord>): Promise<DuplicateRule> {
  const last = new Map<string, number>();
  for await (const { key, arrival } of pending) if (key !== null) last.set(key, arrival);
  return {
    wants: ({ key, arrival }) => Promise.resolve(key === null || last.get(key) === arrival),
    claims: () => [],
    settled: () => undefined,
  };
}

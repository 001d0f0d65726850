import { sha256Hex, type ArrivedRecord, type Claim, type SourceSettings } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

/** What a source's `onDuplicateKey` says about each record. Records with equal keys are in one lane, so that one process asks about them. */
export type DuplicateRule = {
  /** Told of the records that are to be asked about, before they are. */
  see(records: readonly ArrivedRecord[]): void;
  /** Whether the record is to be decided, else it is superseded. Asked about all pending records in the order of their arrival. */
  wants(record: ArrivedRecord): Promise<boolean>;
  /** Written with its decision. */
  claims(record: ArrivedRecord): readonly Claim[];
  /** Told when its decision is durable. */
  settled(record: ArrivedRecord): void;
};

type Source = { readonly sourceId: string; readonly onDuplicateKey: SourceSettings['onDuplicateKey'] };

export function duplicateRule(context: Context, source: Source): DuplicateRule {
  if (source.onDuplicateKey === 'keep') return keepFirst(context, source);
  if (source.onDuplicateKey === 'replace') return keepLast();
  return { see: () => undefined, wants: () => Promise.resolve(true), claims: () => [], settled: () => undefined };
}

/** The first record with a key claims it with its decision; until then the key is remembered here. */
function keepFirst(context: Context, { sourceId }: Source): DuplicateRule {
  const scope = `source-key/${sourceId}`;
  const underWay = new Set<string>();
  return {
    see: () => undefined,
    wants: async ({ key, recordId }) => {
      if (key === null) return true;
      const name = sha256Hex(key);
      if (underWay.has(name)) return false;
      const first = await context.storage.events.readClaim(context.workspaceId, scope, name);
      // Its own claim is there when the decision beside the live one is missing still.
      if (first !== undefined && first !== recordId) return false;
      underWay.add(name);
      return true;
    },
    claims: ({ key, recordId }) => (key === null ? [] : [{ scope, key: sha256Hex(key), value: recordId }]),
    settled: ({ key }) => {
      if (key !== null) underWay.delete(sha256Hex(key));
    },
  };
}

/** Of the records that are known to wait, the last one with a key is decided. */
function keepLast(): DuplicateRule {
  const last = new Map<string, number>();
  return {
    see: (records) => {
      for (const { key, arrival } of records) if (key !== null) last.set(key, Math.max(arrival, last.get(key) ?? 0));
    },
    wants: ({ key, arrival }) => Promise.resolve(key === null || last.get(key) === arrival),
    claims: () => [],
    settled: ({ key, arrival }) => {
      if (key !== null && last.get(key) === arrival) last.delete(key);
    },
  };
}

import { hash } from 'node:crypto';
import { canonicalJson, type RecordOrigin } from '../schemas/index.ts';

/** The identity of a record: 32 hex digits made of where it stood, so that reading it again gives the same. */
export function recordIdOf({ sourceId, incarnation, topic, partition, offset }: RecordOrigin): string {
  return hash('sha256', canonicalJson(['record', sourceId, incarnation, topic, partition, offset])).slice(0, 32);
}

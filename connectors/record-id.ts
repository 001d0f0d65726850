import { hashJson, type RecordOrigin } from '../schemas/index.ts';

/** The identity of a record: 32 hex digits made of where it stood, so that reading it again gives the same. */
export function recordIdOf({ sourceId, incarnation, topic, partition, offset }: RecordOrigin): string {
  return hashJson(['record', sourceId, incarnation, topic, partition, offset]).slice(0, 32);
}

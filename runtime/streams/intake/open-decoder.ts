import { createRecordDecoder, type EncodedRecord } from '../../../connectors/index.ts';
import type { RecordContent } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { registrySecrets } from './open-connector.ts';
import type { SourceState } from '../source-state.ts';

export type DecodeLetter = (record: EncodedRecord) => RecordContent | Promise<RecordContent>;

/** What reads the bytes of a source's dead letters again: as its records are encoded, which is as JSON for all but Kafka. */
export function openDecoder(context: Pick<Context, 'settings'>, { settings: { connector } }: Pick<SourceState, 'settings'>): DecodeLetter {
  if (connector.kind !== 'kafka') return createRecordDecoder({ kind: 'json' }).decode;
  const { format } = connector;
  const place = { environment: context.settings.environment, folder: process.cwd() };
  return createRecordDecoder(format, format.kind === 'registry' ? registrySecrets(place, format.registry) : {}).decode;
}

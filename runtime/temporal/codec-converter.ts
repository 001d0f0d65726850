import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import type { TemporalPlace } from './address.ts';
import { payloadCodec } from './codec.ts';
import type { PayloadBlobs } from './payload-blobs.ts';

const failureConverterPath = (): string => fileURLToPath(new URL(`codec-failures${extname(import.meta.filename)}`, import.meta.url));

/** How values become what Temporal keeps: the same for clients, workers and replays. */
export function dataConverter({ keys = [] }: Pick<TemporalPlace, 'keys'>, blobs: PayloadBlobs | undefined): DataConverter {
  return {
    payloadCodecs: [payloadCodec({ keys, blobs })],
    // Without a key people should be able to read the message of a failure in Temporal's UI.
    ...(keys.length === 0 ? {} : { failureConverterPath: failureConverterPath() }),
  };
}

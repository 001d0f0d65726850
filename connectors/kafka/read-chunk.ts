import type { IHeaders, KafkaMessage } from 'kafkajs';
import { isRiskflowError, type RecordContent, type RecordHeader, type SourceRecord } from '../../schemas/index.ts';
import type { RecordDecoder } from '../formats/record-decoder.ts';
import { backOff, pause } from './alive.ts';

/** Records that are stored together: enough to make a transaction worth its while, few enough that a heartbeat is never late. */
const CHUNK_RECORDS = 500;
/** A chunk of large records ends earlier. */
const CHUNK_BYTES = 4 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

/** The end of the chunk that begins at index `begin`. */
export function chunkEnd(messages: readonly KafkaMessage[], begin: number): number {
  let end = begin;
  for (let bytes = 0; end < messages.length && end - begin < CHUNK_RECORDS; end++) {
    bytes += messages[end]?.value?.length ?? 0;
    if (bytes > CHUNK_BYTES && end > begin) break;
  }
  return end;
}

/**
 * Decodes messages in their order. While the registry is away it waits, as long as it takes, and tells why (null: it is back).
 *
 * @throws RiskflowError when the registry will not serve us at all
 */
export async function readMessages(
  messages: readonly KafkaMessage[],
  decoder: RecordDecoder,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: (reason: string | null) => void },
): Promise<readonly SourceRecord[]> {
  const records: SourceRecord[] = [];
  for (const message of messages) {
    const headers = readHeaders(message.headers);
    const now = decoder.decode({ bytes: message.value, headers });
    const content =
      now instanceof Promise ? await untilAnswered(now, () => decoder.decode({ bytes: message.value, headers }), { signal, onWait }) : now;
    records.push({
      offset: Number(message.offset),
      bytes: message.value ?? NOTHING,
      meta: { key: message.key, headers, timestamp: readTimestamp(message.timestamp) },
      content,
      recordId: null,
    });
  }
  return records;
}

async function untilAnswered(
  first: Promise<RecordContent>,
  again: () => RecordContent | Promise<RecordContent>,
  { signal, onWait }: { readonly signal: AbortSignal; readonly onWait: (reason: string | null) => void },
): Promise<RecordContent> {
  let answer: RecordContent | Promise<RecordContent> = first;
  for (let failures = 0; ; failures++) {
    try {
      const content = await answer;
      if (failures > 0) onWait(null);
      return content;
    } catch (error) {
      if (signal.aborted || !isRiskflowError(error) || error.code !== 'busy') throw error;
      onWait(error.message);
    }
    await pause(backOff(failures + 1), signal);
    signal.throwIfAborted();
    answer = again();
  }
}

/** -1 where the producer gave none. */
function readTimestamp(text: string): number | null {
  const milliseconds = Number(text);
  return Number.isSafeInteger(milliseconds) && milliseconds >= 0 ? milliseconds : null;
}

/** A name that occurs more than once comes as a list. */
function readHeaders(headers: IHeaders | undefined): readonly RecordHeader[] {
  if (headers === undefined) return [];
  return Object.entries(headers).flatMap(([name, given]) =>
    (Array.isArray(given) ? given : [given]).flatMap((value) =>
      value === undefined ? [] : [{ name, value: typeof value === 'string' ? Buffer.from(value) : value }],
    ),
  );
}

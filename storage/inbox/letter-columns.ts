import { RiskflowError, type RecordHeader } from '../../schemas/core.ts';
import { decodeJson } from '../json-codec.ts';

/** Headers as JSON: `[[name, base64], …]`; null for none. */
export const headersText = (headers: readonly RecordHeader[]): string | null =>
  headers.length === 0 ? null : JSON.stringify(headers.map(({ name, value }) => [name, Buffer.from(value).toString('base64')]));

export function headersOf(text: string | null): readonly RecordHeader[] {
  if (text === null) return [];
  const list = decodeJson(text);
  if (!Array.isArray(list)) throw new RiskflowError('internal', 'the headers of a dead letter are no list');
  return list.map((pair: readonly string[]) => ({ name: pair[0] ?? '', value: new Uint8Array(Buffer.from(pair[1] ?? '', 'base64')) }));
}

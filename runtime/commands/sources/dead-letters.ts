import type { RecordOrigin } from '../../../schemas/index.ts';
import { textOf, type Context } from '../../context.ts';
import { DEFAULT_PAGE, type PageRequest } from '../decisions/decisions.ts';
import { readSource } from './source-settings.ts';

/** What could not be decoded, as it is shown to people. */
export type DeadLetterRow = RecordOrigin & {
  readonly id: number;
  readonly reason: string;
  readonly receivedAt: number;
  /** The beginning of it, at most 200 characters, with what a terminal would obey or hide as escapes. */
  readonly text: string;
  /** How long it is as stored. */
  readonly bytes: number;
};

/** Dead letters in the order of their arrival. */
export async function listDeadLetters(
  context: Context,
  { sourceId, after = 0, limit = DEFAULT_PAGE }: PageRequest = {},
): Promise<readonly DeadLetterRow[]> {
  if (sourceId !== undefined) await readSource(context, sourceId);
  const letters = await context.storage.inbox.deadLetters(context.workspaceId, {
    after,
    limit,
    ...(sourceId === undefined ? {} : { sourceId }),
  });
  return letters.map(({ id, origin, reason, receivedAt, bytes }) => ({
    id,
    ...origin,
    reason,
    receivedAt,
    text: shownText(bytes),
    bytes: bytes.length,
  }));
}

const SHOWN = 200;
/** A character of UTF-8 has at most four bytes. */
const SHOWN_BYTES = SHOWN * 4;

/** Control, format and separator characters as \uXXXX; bytes that are no UTF-8 as U+FFFD; "…" where it was cut. */
export function shownText(bytes: Uint8Array): string {
  const text = textOf(bytes.subarray(0, SHOWN_BYTES));
  const characters = Array.from(text.slice(0, SHOWN * 2));
  const cut = characters.length > SHOWN || bytes.length > SHOWN_BYTES;
  const escaped = characters
    .slice(0, SHOWN)
    .join('')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeOf);
  return cut ? `${escaped}…` : escaped;
}

const escapeOf = (character: string): string => {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

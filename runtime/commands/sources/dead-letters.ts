import type { DeadLetterStage, RecordOrigin } from '../../../schemas/index.ts';
import { textOf, type Context } from '../../context.ts';
import { DEFAULT_PAGE, type PageRequest } from '../decisions/decisions.ts';
import { readSourceState } from '../../streams/source-state.ts';

/** What could not be decoded, as it is shown to people. */
export type DeadLetterRow = RecordOrigin & {
  readonly id: number;
  /** Where it went wrong: reading its bytes, or making inputs of it. */
  readonly stage: DeadLetterStage;
  readonly reason: string;
  readonly receivedAt: number;
  /** The beginning of it, at most 200 characters, with what a terminal would obey or hide as escapes. */
  readonly text: string;
  /** How long it is as stored. */
  readonly bytes: number;
  /** The message's key and headers as text, where it had any. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The record that it has become. */
  readonly replayedAs: string | null;
};

/** Dead letters in the order of their arrival. */
export async function listDeadLetters(
  context: Context,
  { sourceId, after = 0, limit = DEFAULT_PAGE, replayed = false }: PageRequest & { readonly replayed?: boolean } = {},
): Promise<readonly DeadLetterRow[]> {
  if (sourceId !== undefined) await readSourceState(context, sourceId);
  const letters = await context.storage.inbox.deadLetters(context.workspaceId, {
    after,
    limit,
    replayed,
    ...(sourceId === undefined ? {} : { sourceId }),
  });
  return letters.map(({ id, origin, stage, reason, receivedAt, bytes, key, headers, replayedAs }) => ({
    id,
    ...origin,
    stage,
    reason,
    receivedAt,
    text: shownText(bytes),
    bytes: bytes.length,
    key: key === null ? null : shownText(key),
    headers: Object.fromEntries(headers.map(({ name, value }) => [name, shownText(value)])),
    replayedAs,
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

import { isArray, isObject, type ChatMessage } from '../../schemas/core.ts';
import type { MemoryData } from '../../schemas/index.ts';
import { renderText, type Lookup } from '../text/index.ts';

/** What of a conversation a model is told. */
export type MemoryConfig = {
  /** The last so many exchanges (a question and its answer); null: all that is kept. */
  readonly window: number | null;
  /** Who speaks, in a history that is one text; null: the node says nothing about it. */
  readonly prefixes: { readonly user: string; readonly assistant: string } | null;
};

/**
 * Reads a node's memory; null: it has none.
 *
 * @param switched whether `window.enabled` counts. Dify looks at it in llm nodes only.
 */
export function compileMemory(memory: MemoryData, switched: boolean): MemoryConfig | null {
  if (memory === null || memory === undefined) return null;
  const { window, role_prefix } = memory;
  const size = window?.size ?? null;
  const { user, assistant } = { user: '', assistant: '', ...role_prefix };
  return {
    window: size !== null && (!switched || window?.enabled === true) ? size : null,
    prefixes: user === '' && assistant === '' ? null : { user, assistant },
  };
}

/** Where the caller of a run puts what was said before: a list of objects `{role: user | assistant, content: text}`, the oldest first. */
export const HISTORY = ['sys', 'history'] as const;

/** Dify reads at most so many exchanges of a conversation. */
const MOST_EXCHANGES = 500;

type Said = { readonly role: 'user' | 'assistant'; readonly content: string };

/** What was said before, cut to the window. Nothing without a memory. */
export function historyMessages(memory: MemoryConfig | null, lookup: Lookup): readonly (ChatMessage & Said)[] {
  const history = memory === null ? undefined : lookup(HISTORY);
  if (memory === null || history === undefined || !isArray(history)) return [];
  const said = history.flatMap((item): readonly Said[] => {
    const role = isObject(item) ? item.get('role') : undefined;
    if (!isObject(item) || (role !== 'user' && role !== 'assistant')) return [];
    return [{ role, content: renderText(item.get('content') ?? '') }];
  });
  const exchanges = Math.min(memory.window ?? MOST_EXCHANGES, MOST_EXCHANGES);
  return exchanges <= 0 ? [] : said.slice(-2 * exchanges);
}

/** The same as one text, a line a message. */
export function historyText(memory: MemoryConfig | null, lookup: Lookup, prefixes = { user: 'Human', assistant: 'Assistant' }): string {
  return historyMessages(memory, lookup)
    .map(({ role, content }) => `${prefixes[role]}: ${content}`)
    .join('\n');
}

import { pythonStrip } from '../../text/index.ts';

export type SplitReply = { readonly text: string; readonly reasoning: string };

/** Attributes of the opening tag may be so long; beyond it is no tag. */
const LONGEST_ATTRIBUTES = 512;
const OPENING = /^<think(?:\s[^<>]{0,512})?>/i;
const CLOSING = '</think>';

/**
 * A reply without the model's thoughts, which stand in `<think>` blocks, and the thoughts, a line each. A block that is never closed goes
 * to the end: the model was cut off while it thought. Lines that become blank are drawn together.
 */
export function splitReasoning(reply: string): SplitReply {
  const lower = lowerAscii(reply);
  const thoughts: string[] = [];
  let text = '';
  let at = 0;
  for (let open = findOpening(reply, lower, 0); open !== undefined; open = findOpening(reply, lower, at)) {
    const close = lower.indexOf(CLOSING, open.end);
    text += reply.slice(at, open.start);
    thoughts.push(pythonStrip(reply.slice(open.end, close === -1 ? undefined : close)));
    at = close === -1 ? reply.length : close + CLOSING.length;
  }
  text += reply.slice(at);
  return {
    text: pythonStrip(text.replace(/\n\s*\n/g, '\n\n')),
    reasoning: thoughts.filter((thought) => thought !== '').join('\n'),
  };
}

/** The reply without its thoughts, otherwise as it is. */
export const withoutThoughts = (reply: string): string => (reply.includes('<') ? splitReasoning(reply).text : reply);

type Tag = { readonly start: number; readonly end: number };

function findOpening(reply: string, lower: string, from: number): Tag | undefined {
  for (let start = lower.indexOf('<think', from); start !== -1; start = lower.indexOf('<think', start + 1)) {
    const tag = OPENING.exec(reply.slice(start, start + LONGEST_ATTRIBUTES + 10));
    if (tag !== null) return { start, end: start + tag[0].length };
  }
  return undefined;
}

// Letters beyond ASCII keep their length, so that positions stay the same.
const lowerAscii = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

import type { ChatMessage, ChatPart, FileContents, FileDescriptor } from '../schemas/index.ts';

export type Shown =
  | { readonly ok: true; readonly messages: readonly ChatMessage[] }
  | { readonly ok: false; readonly message: string; readonly type: string; readonly retryable: boolean };

export type Showing = { readonly vision: boolean; readonly files: FileContents | undefined; readonly signal: AbortSignal };

/** Larger pictures are refused, bytes: what Dify lets people upload. */
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;

/**
 * Messages as a model is to get them: pictures that lie with us are spelt out in data URLs. Without vision the pictures are left out, and a
 * message that had nothing else with them. A message of one text alone is that text.
 */
export async function shownMessages(messages: readonly ChatMessage[], showing: Showing): Promise<Shown> {
  const shown: ChatMessage[] = [];
  for (const message of messages) {
    if (typeof message.content === 'string') {
      shown.push(message);
      continue;
    }
    const parts: ChatPart[] = [];
    for (const part of message.content) {
      if (part.type !== 'text' && !showing.vision) continue;
      const made = part.type === 'image_file' ? await spellOut(part.file, showing) : null;
      if (made !== null && !made.ok) return made;
      parts.push(made === null || part.type !== 'image_file' ? part : { type: 'image_url', url: made.url, detail: part.detail });
    }
    const [only, ...others] = parts;
    if (only === undefined || message.role === 'tool') continue;
    shown.push({ ...message, content: only.type === 'text' && others.length === 0 ? only.text : parts });
  }
  return { ok: true, messages: shown };
}

type SpeltOut = { readonly ok: true; readonly url: string } | Extract<Shown, { readonly ok: false }>;

async function spellOut(file: FileDescriptor, { files, signal }: Showing): Promise<SpeltOut> {
  const name = file.name ?? file.relatedId ?? 'without a name';
  const refused = (message: string): SpeltOut => ({ ok: false, message, type: 'FileNotFoundError', retryable: false });
  if (files === undefined) return refused(`the picture "${name}" cannot be read here: give pictures by their URL`);
  const content = await files.read(file, { signal, maxBytes: MAX_IMAGE_BYTES });
  if (!content.ok) return content;
  const type = file.mimeType ?? content.mimeType ?? 'application/octet-stream';
  return { ok: true, url: `data:${type};base64,${Buffer.from(content.bytes).toString('base64')}` };
}

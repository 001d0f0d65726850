const TIMES = /^(?:\d+:)?\d{2}:\d{2}\.\d{3}\s+-->\s+(?:\d+:)?\d{2}:\d{2}\.\d{3}/;
const VOICE = /<v(?:\.[^\s>]*)?\s+([^>]*)>/;
const TAGS = /<[^>]*>/g;

type Caption = { readonly voice: string | null; readonly text: string };

/** Captions as lines `Speaker "what was said"`; what one speaker says in a row is one line, as Dify has it. */
export function vttText(text: string): string {
  const merged: { voice: string | null; text: string }[] = [];
  for (const { voice, text: said } of captions(text)) {
    const last = merged.at(-1);
    if (last !== undefined && voice !== null && last.voice === voice) last.text += ` ${said}`;
    else merged.push({ voice, text: said });
  }
  return merged.map((caption) => `${caption.voice ?? ''} "${caption.text}"`).join('\n');
}

function captions(text: string): readonly Caption[] {
  return text.split(/(?:\r\n?|\n){2,}/).flatMap((block): readonly Caption[] => {
    const lines = block.split(/\r\n?|\n/);
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at < 0) return [];
    const body = lines.slice(at + 1).join('\n');
    return body.trim() === '' ? [] : [{ voice: VOICE.exec(body)?.[1]?.trim() ?? null, text: body.replace(TAGS, '') }];
  });
}

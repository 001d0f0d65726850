import { walkHtml } from '../xml.ts';

const HIDDEN: ReadonlySet<string> = new Set(['script', 'style', 'head', 'template', 'noscript', 'svg', 'math']);
const INLINE: ReadonlySet<string> = new Set(
  'a abbr b bdi bdo big cite code del dfn em font i img ins kbd label mark q ruby rt rp s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
);

/** The text of a page by its blocks (paragraphs, headings, list items, cells), one line each; empty ones are left out. */
export function htmlBlocks(html: string): readonly string[] {
  const blocks: string[] = [];
  let current = '';
  let hidden = 0;
  const flush = (): void => {
    const text = current.replace(/\s+/g, ' ').trim();
    if (text !== '') blocks.push(text);
    current = '';
  };
  walkHtml(html, {
    open: (name) => {
      if (HIDDEN.has(name)) hidden++;
      else if (!INLINE.has(name)) flush();
    },
    close: (name) => {
      if (HIDDEN.has(name)) hidden = Math.max(0, hidden - 1);
      else if (!INLINE.has(name)) flush();
    },
    text: (text) => {
      if (hidden === 0) current += text;
    },
  });
  flush();
  return blocks;
}

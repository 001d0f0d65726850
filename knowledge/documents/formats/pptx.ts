import { tooLarge } from '../failure.ts';
import { attribute, walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';
import { relationsOf } from './package-paths.ts';

const PRESENTATION = 'ppt/presentation.xml';

/** The paragraphs on the slides in their order, one line each; an empty line parts slides. Rows of tables are lines. */
export async function pptxText(archive: Archive, maxSlides: number): Promise<string> {
  const relations = await relationsOf(archive, PRESENTATION);
  const slides: string[] = [];
  walkXml(await archive.readText(PRESENTATION), {
    open: (name, attributes) => {
      const path = name === 'sldId' ? relations.get(attributes['r:id'] ?? '') : undefined;
      if (path !== undefined && archive.names.has(path)) slides.push(path);
    },
  });
  if (slides.length > maxSlides)
    throw tooLarge(`it has ${slides.length} slides, and at most ${maxSlides} are read (setting documents.maxPages)`);
  const texts: string[] = [];
  for (const slide of slides) texts.push(slideText(await archive.readText(slide)));
  return texts.join('\n\n');
}

function slideText(xml: string): string {
  const lines: string[] = [];
  let row: string[] | null = null;
  let paragraph: string | null = null;
  let inText = false;
  walkXml(xml, {
    open: (name, attributes) => {
      if (name === 'p') paragraph = '';
      else if (name === 't') inText = true;
      else if (name === 'br' && paragraph !== null) paragraph += '\n';
      else if (name === 'tr' && attribute(attributes, 'h') !== undefined) row = [];
    },
    close: (name) => {
      if (name === 't') inText = false;
      else if (name === 'p' && paragraph !== null) {
        if (paragraph.trim() !== '') (row ?? lines).push(paragraph);
        paragraph = null;
      } else if (name === 'tr' && row !== null) {
        lines.push(row.join(' '));
        row = null;
      }
    },
    text: (text) => {
      if (inText && paragraph !== null) paragraph += text;
    },
  });
  return lines.join('\n');
}

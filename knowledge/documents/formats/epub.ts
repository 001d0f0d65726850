import { DocumentFailure } from '../failure.ts';
import { walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';
import { htmlBlocks } from './html-blocks.ts';
import { resolvePart } from './package-paths.ts';

/** The chapters of a book in reading order, one line for each of their paragraphs. */
export async function epubText(archive: Archive): Promise<string> {
  let packagePath: string | undefined;
  walkXml(await archive.readText('META-INF/container.xml'), {
    open: (name, attributes) => {
      if (name === 'rootfile') packagePath ??= attributes['full-path'];
    },
  });
  if (packagePath === undefined) throw new DocumentFailure('its META-INF/container.xml names no package');
  const lines: string[] = [];
  for (const chapter of await chaptersOf(archive, resolvePart('', packagePath))) {
    // A spine may name what is not there.
    if (archive.names.has(chapter)) lines.push(...htmlBlocks(await archive.readText(chapter)));
  }
  return lines.join('\n');
}

async function chaptersOf(archive: Archive, packagePath: string): Promise<readonly string[]> {
  const paths = new Map<string, string>();
  const order: string[] = [];
  walkXml(await archive.readText(packagePath), {
    open: (name, { id, href, idref }) => {
      if (name === 'item' && id !== undefined && href !== undefined) paths.set(id, resolvePart(packagePath, href));
      if (name === 'itemref' && idref !== undefined) order.push(idref);
    },
  });
  return order.flatMap((id) => paths.get(id) ?? []);
}

import { attribute, walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';

/** A path written in one part of a package, seen from the folder of that part. */
export function resolvePart(from: string, target: string): string {
  const path = decodePath(target.split(/[?#]/)[0] ?? '');
  const parts = path.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What a part of an Office document refers to: paths by id. */
export async function relationsOf(archive: Archive, part: string): Promise<ReadonlyMap<string, string>> {
  const at = part.lastIndexOf('/') + 1;
  const name = `${part.slice(0, at)}_rels/${part.slice(at)}.rels`;
  const targets = new Map<string, string>();
  if (!archive.names.has(name)) return targets;
  walkXml(await archive.readText(name), {
    open: (element, attributes) => {
      const id = attribute(attributes, 'Id');
      const target = attribute(attributes, 'Target');
      if (element === 'Relationship' && id !== undefined && target !== undefined) targets.set(id, resolvePart(part, target));
    },
  });
  return targets;
}

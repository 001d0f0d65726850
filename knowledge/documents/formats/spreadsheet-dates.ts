import { attribute, walkXml } from '../xml.ts';
import type { Archive } from '../zip.ts';

/** Formats that every workbook has and that show moments (ECMA-376 part 1, 18.8.30), with those of Chinese, Japanese and Korean Excel. */
const isBuiltInDate = (id: number): boolean =>
  (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58) || (id >= 71 && id <= 81);

/** Letters of day, month, year, hour or second outside of quoted text, colours and locales. */
function isDateFormat(code: string): boolean {
  const bare = (code.split(';')[0] ?? '').replace(/"[^"]*"|\\.|_.|\*./g, '').replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '');
  return /[dmyhs]/i.test(bare) && !/general/i.test(bare);
}

/** By index of a cell's style: whether its numbers are moments. */
export async function dateStyles(archive: Archive): Promise<readonly boolean[]> {
  const name = 'xl/styles.xml';
  if (!archive.names.has(name)) return [];
  const own = new Map<number, boolean>();
  const styles: boolean[] = [];
  let inCells = false;
  walkXml(await archive.readText(name), {
    open: (element, attributes) => {
      if (element === 'numFmt') own.set(Number(attributes['numFmtId']), isDateFormat(attribute(attributes, 'formatCode') ?? ''));
      else if (element === 'cellXfs') inCells = true;
      else if (element === 'xf' && inCells) {
        const id = Number(attributes['numFmtId'] ?? 0);
        styles.push(own.get(id) ?? isBuiltInDate(id));
      }
    },
    close: (element) => {
      if (element === 'cellXfs') inCells = false;
    },
  });
  return styles;
}

const DAY_MS = 86_400_000;
const EPOCH_1900 = Date.UTC(1899, 11, 30);
const EPOCH_1904 = Date.UTC(1904, 0, 1);
/** Excel counts a 29 February 1900, which was none: days before it are one later. */
const FIRST_OF_MARCH_1900 = 60;

/** A number of days as Python prints the moment: date and time, or the time alone below one day. */
export function cellDate(days: number, from1904: boolean): { readonly date: string } | { readonly time: string } | number {
  const early = !from1904 && days > 0 && days < FIRST_OF_MARCH_1900 ? 1 : 0;
  const time = (from1904 ? EPOCH_1904 : EPOCH_1900) + Math.round((days + early) * DAY_MS);
  const date = new Date(time);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || days < 0) return days;
  const [day = '', rest = ''] = date.toISOString().split('T');
  const clock = rest
    .replace('Z', '')
    .replace(/\.000$/, '')
    .replace(/(\.\d{3})$/, '$1000');
  return days < 1 && !from1904 ? { time: clock } : { date: `${day} ${clock}` };
}

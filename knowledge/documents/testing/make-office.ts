import { makeZip } from './make-zip.ts';

const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006';
const TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">';

const relations = (targets: readonly (readonly [id: string, kind: string, target: string])[]): string =>
  `<?xml version="1.0"?><Relationships xmlns="${RELATIONS}">${targets
    .map(([id, kind, target]) => `<Relationship Id="${id}" Type="${OFFICE}/relationships/${kind}" Target="${target}"/>`)
    .join('')}</Relationships>`;

const contentTypes = (parts: readonly (readonly [name: string, type: string])[]): string =>
  `${TYPES}<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${parts
    .map(([name, type]) => `<Override PartName="/${name}" ContentType="application/vnd.openxmlformats-officedocument.${type}+xml"/>`)
    .join('')}</Types>`;

/** A Word document around the XML of its body. */
export const makeDocx = (body: string): Uint8Array =>
  makeZip([
    { name: '[Content_Types].xml', content: contentTypes([['word/document.xml', 'wordprocessingml.document.main']]) },
    { name: '_rels/.rels', content: relations([['rId1', 'officeDocument', 'word/document.xml']]) },
    {
      name: 'word/document.xml',
      content: `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}</w:body></w:document>`,
    },
  ]);

/** A workbook of sheets by name, each the XML of its rows; style 1 shows dates. */
export const makeXlsx = (sheets: Readonly<Record<string, string>>, strings: readonly string[] = []): Uint8Array => {
  const list = Object.entries(sheets).map(([name, rows], i) => ({
    name,
    rows,
    path: `xl/worksheets/sheet${i + 1}.xml`,
    id: `rId${i + 1}`,
  }));
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  return makeZip([
    {
      name: '[Content_Types].xml',
      content: contentTypes([
        ['xl/workbook.xml', 'spreadsheetml.sheet.main'],
        ['xl/styles.xml', 'spreadsheetml.styles'],
        ['xl/sharedStrings.xml', 'spreadsheetml.sharedStrings'],
        ...list.map(({ path }) => [path, 'spreadsheetml.worksheet'] as const),
      ]),
    },
    { name: '_rels/.rels', content: relations([['rId1', 'officeDocument', 'xl/workbook.xml']]) },
    {
      name: 'xl/workbook.xml',
      content: `<workbook ${main} xmlns:r="${OFFICE}/relationships"><sheets>${list
        .map(({ name, id }, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="${id}"/>`)
        .join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: relations([
        ...list.map(({ id, path }) => [id, 'worksheet', path.slice(3)] as const),
        ['rId98', 'styles', 'styles.xml'],
        ['rId99', 'sharedStrings', 'sharedStrings.xml'],
      ]),
    },
    {
      name: 'xl/styles.xml',
      content: `<styleSheet ${main}><numFmts count="1"><numFmt numFmtId="170" formatCode="yyyy\\-mm\\-dd"/></numFmts><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>`,
    },
    { name: 'xl/sharedStrings.xml', content: `<sst ${main}>${strings.map((text) => `<si><t>${text}</t></si>`).join('')}</sst>` },
    ...list.map(({ path, rows }) => ({ name: path, content: `<worksheet ${main}><sheetData>${rows}</sheetData></worksheet>` })),
  ]);
};

/** A presentation of slides, each the XML of its shapes; the file names are in the reverse of their order. */
export const makePptx = (slides: readonly string[]): Uint8Array => {
  const list = slides.map((shapes, i) => ({ shapes, path: `ppt/slides/slide${slides.length - i}.xml`, id: `rId${i + 1}` }));
  const spaces = `xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="${OFFICE}/relationships"`;
  return makeZip([
    {
      name: 'ppt/presentation.xml',
      content: `<p:presentation ${spaces}><p:sldIdLst>${list.map(({ id }, i) => `<p:sldId id="${256 + i}" r:id="${id}"/>`).join('')}</p:sldIdLst></p:presentation>`,
    },
    { name: 'ppt/_rels/presentation.xml.rels', content: relations(list.map(({ id, path }) => [id, 'slide', path.slice(4)] as const)) },
    ...list.map(({ path, shapes }) => ({
      name: path,
      content: `<p:sld ${spaces}><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`,
    })),
  ]);
};

/** An OpenDocument text around the XML of its body. */
export const makeOdt = (body: string): Uint8Array =>
  makeZip([
    { name: 'mimetype', content: 'application/vnd.oasis.opendocument.text' },
    {
      name: 'content.xml',
      content: `<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text>${body}</office:text></office:body></office:document-content>`,
    },
  ]);

/** A book of chapters, each the HTML of its body, in reading order. */
export const makeEpub = (chapters: readonly string[]): Uint8Array =>
  makeZip([
    { name: 'mimetype', content: 'application/epub+zip' },
    {
      name: 'META-INF/container.xml',
      content: '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
    },
    {
      name: 'OEBPS/book.opf',
      content: `<package><manifest>${chapters.map((_, i) => `<item id="c${i}" href="text/chapter%20${i}.xhtml"/>`).join('')}</manifest><spine>${chapters
        .map((_, i) => `<itemref idref="c${i}"/>`)
        .join('')}<itemref idref="lost"/></spine></package>`,
    },
    ...chapters.map((html, i) => ({
      name: `OEBPS/text/chapter ${i}.xhtml`,
      content: `<html><head><title>no</title><style>p{}</style></head><body>${html}</body></html>`,
    })),
  ]);

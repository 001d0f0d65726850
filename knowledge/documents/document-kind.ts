import { DocumentFailure } from './failure.ts';

/** How a file is read. */
export type DocumentKind =
  'plain' | 'json' | 'yaml' | 'csv' | 'pdf' | 'docx' | 'xlsx' | 'pptx' | 'epub' | 'odt' | 'eml' | 'vtt' | 'properties';
/** Formats of Office before 2007 and of Outlook, which nothing here reads, and what to save them as. */
type OldKind = 'doc' | 'xls' | 'ppt' | 'msg';

const PLAIN =
  'txt markdown md mdx html htm xml c h cpp hpp cc cxx c++ py js ts jsx tsx java php rb go rs swift kt scala sh bash bat ps1 sql r m pl lua vim asm s css scss less sass ini cfg conf toml env log vtt';

/** By extension, as Dify has it: HTML and XML are given as they are written, and so is a .vtt file. */
const BY_EXTENSION: ReadonlyMap<string, DocumentKind | OldKind> = new Map<string, DocumentKind | OldKind>([
  ...PLAIN.split(' ').map((extension) => [extension, 'plain'] as const),
  ['json', 'json'],
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
  ['csv', 'csv'],
  ['pdf', 'pdf'],
  ['docx', 'docx'],
  ['xlsx', 'xlsx'],
  ['pptx', 'pptx'],
  ['epub', 'epub'],
  ['odt', 'odt'],
  ['eml', 'eml'],
  ['properties', 'properties'],
  ['doc', 'doc'],
  ['xls', 'xls'],
  ['ppt', 'ppt'],
  ['msg', 'msg'],
]);

const OPEN_XML = 'application/vnd.openxmlformats-officedocument';
const BY_MIME_TYPE: ReadonlyMap<string, DocumentKind | OldKind> = new Map<string, DocumentKind | OldKind>([
  ['text/plain', 'plain'],
  ['text/html', 'plain'],
  ['text/htm', 'plain'],
  ['text/markdown', 'plain'],
  ['text/xml', 'plain'],
  ['application/xml', 'plain'],
  ['application/json', 'json'],
  ['application/x-yaml', 'yaml'],
  ['application/yaml', 'yaml'],
  ['text/yaml', 'yaml'],
  ['text/csv', 'csv'],
  ['application/pdf', 'pdf'],
  [`${OPEN_XML}.wordprocessingml.document`, 'docx'],
  [`${OPEN_XML}.spreadsheetml.sheet`, 'xlsx'],
  [`${OPEN_XML}.presentationml.presentation`, 'pptx'],
  ['application/epub+zip', 'epub'],
  ['application/vnd.oasis.opendocument.text', 'odt'],
  ['message/rfc822', 'eml'],
  ['text/vtt', 'vtt'],
  ['text/properties', 'properties'],
  ['application/msword', 'doc'],
  ['application/vnd.ms-excel', 'xls'],
  ['application/vnd.ms-powerpoint', 'ppt'],
  ['application/vnd.ms-outlook', 'msg'],
]);

const REPLACEMENT: Readonly<Record<OldKind, string>> = {
  doc: 'save it as .docx or PDF',
  xls: 'save it as .xlsx or CSV',
  ppt: 'save it as .pptx or PDF',
  msg: 'save it as .eml',
};

/** What a file says of itself. `extension` has its dot. */
export type DocumentLabel = { readonly name: string | null; readonly extension: string | null; readonly mimeType: string | null };

/** What its first bytes say it is; null when they say nothing. `zip` may be any of the packed formats, `ole` any of the old ones. */
export type ContentSign = 'pdf' | 'zip' | 'ole' | null;

const PACKED: ReadonlySet<string> = new Set(['docx', 'xlsx', 'pptx', 'epub', 'odt']);

/**
 * How to read a file: by its extension, else its mime type, as Dify does; but content that is plainly a PDF or a packed document is
 * read as that, whatever the name says. `packed`: which of the packed formats it is has to be seen inside.
 * @throws DocumentFailure for a type that cannot be read
 */
export function kindOf(label: DocumentLabel, sign: ContentSign): DocumentKind | 'packed' {
  const extension = extensionOf(label);
  const mimeType = (label.mimeType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const said = BY_EXTENSION.get(extension) ?? BY_MIME_TYPE.get(mimeType);
  if (sign === 'pdf') return 'pdf';
  if (sign === 'zip') return said !== undefined && PACKED.has(said) ? (said as DocumentKind) : 'packed';
  if (said !== undefined && isOld(said)) return refuse(`files of the type .${said} are not supported: ${REPLACEMENT[said]}`);
  if (sign === 'ole') return refuse('it is a document of Office before 2007 or an encrypted one: save it as .docx, .xlsx, .pptx or PDF');
  if (said !== undefined) return said;
  const named = extension === '' ? (mimeType === '' ? 'unknown' : mimeType) : `.${extension}`;
  return refuse(
    `files of the type ${named} are not supported: give it as text, CSV, JSON, YAML, PDF, .docx, .xlsx, .pptx, .odt, .epub or .eml`,
  );
}

const isOld = (kind: DocumentKind | OldKind): kind is OldKind => kind in REPLACEMENT;

const refuse = (message: string): never => {
  throw new DocumentFailure(message, 'UnsupportedFileTypeError');
};

function extensionOf({ extension, name }: DocumentLabel): string {
  const text = extension ?? '';
  if (text !== '') return text.replace(/^\./, '').toLowerCase();
  return /\.([^./\\]+)$/.exec(name ?? '')?.[1]?.toLowerCase() ?? '';
}

/** Reads the first bytes. */
export function contentSign(bytes: Uint8Array): ContentSign {
  const starts = (...head: readonly number[]): boolean => head.every((byte, i) => bytes[i] === byte);
  if (starts(0x25, 0x50, 0x44, 0x46, 0x2d)) return 'pdf';
  if (starts(0x50, 0x4b, 0x03, 0x04)) return 'zip';
  return starts(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1) ? 'ole' : null;
}

/** The packed format that a list of files inside belongs to. @throws DocumentFailure when to none */
export function packedKind(names: ReadonlySet<string>): DocumentKind {
  if (names.has('word/document.xml')) return 'docx';
  if (names.has('xl/workbook.xml')) return 'xlsx';
  if (names.has('ppt/presentation.xml')) return 'pptx';
  if (names.has('META-INF/container.xml')) return 'epub';
  if (names.has('content.xml')) return 'odt';
  return refuse('it is an archive and no document: unpack it and give the files in it');
}

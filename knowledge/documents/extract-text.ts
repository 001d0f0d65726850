import type { DocumentBytes, DocumentLimits } from '../../schemas/core.ts';
import { decodeText } from './decode-text.ts';
import { contentSign, kindOf, packedKind, type DocumentKind } from './document-kind.ts';
import { tooLarge } from './failure.ts';
import { openArchive, type Archive } from './zip.ts';

/**
 * The text of a document, as Dify's extractor gives it where that is known (markdown tables of CSV and sheets, JSON with indent).
 * Runs in the thread of documents: what it reads may be hostile. @throws DocumentFailure
 */
export async function extractText(document: DocumentBytes, limits: DocumentLimits): Promise<string> {
  const { bytes } = document;
  if (bytes.length > limits.maxFileBytes) {
    throw tooLarge(`it has ${bytes.length} bytes, and at most ${limits.maxFileBytes} are read (setting documents.maxFileBytes)`);
  }
  const text = await textOf(document, limits);
  if (text.length > limits.maxTextLength) {
    throw tooLarge(
      `its text has ${text.length} characters, and at most ${limits.maxTextLength} are taken (setting documents.maxTextLength)`,
    );
  }
  return text;
}

async function textOf(document: DocumentBytes, limits: DocumentLimits): Promise<string> {
  const { bytes } = document;
  const said = kindOf(document, contentSign(bytes));
  if (said === 'pdf') return (await import('./formats/pdf.ts')).pdfText(bytes, limits);
  if (said === 'eml') return (await import('./formats/eml.ts')).emlText(bytes);
  if (said === 'packed' || PACKED.has(said)) {
    const archive = await openArchive(bytes, limits.maxUnpackedBytes);
    return packedText(said === 'packed' ? packedKind(archive.names) : said, archive, limits);
  }
  const text = decodeText(bytes);
  if (said === 'json') return (await import('./formats/data-files.ts')).jsonText(text);
  if (said === 'yaml') return (await import('./formats/data-files.ts')).yamlText(text);
  if (said === 'csv') return (await import('./formats/csv.ts')).csvText(text);
  if (said === 'vtt') return (await import('./formats/vtt.ts')).vttText(text);
  if (said === 'properties') return (await import('./formats/properties.ts')).propertiesText(text);
  return text;
}

const PACKED: ReadonlySet<DocumentKind> = new Set<DocumentKind>(['docx', 'xlsx', 'pptx', 'epub', 'odt']);

async function packedText(kind: DocumentKind, archive: Archive, { maxPages }: DocumentLimits): Promise<string> {
  if (kind === 'docx') return (await import('./formats/docx.ts')).docxText(archive);
  if (kind === 'xlsx') return (await import('./formats/xlsx.ts')).xlsxText(archive, maxPages);
  if (kind === 'pptx') return (await import('./formats/pptx.ts')).pptxText(archive, maxPages);
  return kind === 'epub' ? (await import('./formats/epub.ts')).epubText(archive) : (await import('./formats/odt.ts')).odtText(archive);
}

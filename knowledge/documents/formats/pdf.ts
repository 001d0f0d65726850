import { getDocumentProxy } from 'unpdf';
import { messageOf } from '../../../schemas/core.ts';
import { DocumentFailure, tooLarge } from '../failure.ts';

export type PdfLimits = { readonly maxPages: number; readonly maxTextLength: number };

/** The text of the pages in their order, each followed by a line break. Pictures of text are not read: their pages are empty. */
export async function pdfText(bytes: Uint8Array, { maxPages, maxTextLength }: PdfLimits): Promise<string> {
  const pdf = await openPdf(bytes);
  try {
    if (pdf.numPages > maxPages)
      throw tooLarge(`it has ${pdf.numPages} pages, and at most ${maxPages} are read (setting documents.maxPages)`);
    const pages: string[] = [];
    let length = 0;
    for (let number = 1; number <= pdf.numPages; number++) {
      const page = await pdf.getPage(number);
      const content = await page.getTextContent();
      const text = content.items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
      page.cleanup();
      length += text.length;
      if (length > maxTextLength) throw tooLarge(`its text is longer than ${maxTextLength} characters (setting documents.maxTextLength)`);
      pages.push(text);
    }
    return pages.join('\n');
  } catch (cause) {
    if (cause instanceof DocumentFailure) throw cause;
    throw new DocumentFailure(`it is a damaged PDF (${messageOf(cause)})`);
  } finally {
    await pdf.cleanup();
  }
}

async function openPdf(bytes: Uint8Array): ReturnType<typeof getDocumentProxy> {
  try {
    return await getDocumentProxy(bytes, {
      stopAtErrors: false,
      verbosity: 0,
      disableFontFace: true,
      enableXfa: false,
    });
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'PasswordException') {
      throw new DocumentFailure('it is protected by a password: save it without one');
    }
    throw new DocumentFailure(`it is a damaged PDF or none (${messageOf(cause)})`);
  }
}

import { parentPort } from 'node:worker_threads';
import { messageOf, type DocumentBytes, type DocumentLimits, type DocumentText } from '../../schemas/core.ts';
import { extractText } from './extract-text.ts';
import { DocumentFailure } from './failure.ts';

/** What a thread is told: one document. It answers with a `DocumentText`. */
export type DocumentCall = { readonly document: DocumentBytes; readonly limits: DocumentLimits };

/** The body of a thread that reads documents, one after another. */
function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('document-worker.ts runs in a worker thread only');
  port.on('message', (call: DocumentCall) => {
    void answer(call).then((text) => port.postMessage(text));
  });
}

async function answer({ document, limits }: DocumentCall): Promise<DocumentText> {
  try {
    return { ok: true, text: await extractText(document, limits) };
  } catch (error) {
    if (error instanceof DocumentFailure) return { ok: false, message: error.message, type: error.type };
    return { ok: false, message: `it is damaged (${messageOf(error).slice(0, 200)})`, type: 'TextExtractionError' };
  }
}

serve();

import PostalMime from 'postal-mime';
import { messageOf } from '../../../schemas/core.ts';
import { DocumentFailure } from '../failure.ts';
import { htmlBlocks } from './html-blocks.ts';

/** The body of a mail as lines: of its HTML where it has some, else of its plain text. Headers and attachments are left out, as in Dify. */
export async function emlText(bytes: Uint8Array): Promise<string> {
  try {
    const mail = await PostalMime.parse(bytes, { maxNestingDepth: 50, maxHeadersSize: 1024 * 1024 });
    const lines = mail.html === undefined ? (mail.text ?? '').split(/\s*\n\s*/) : htmlBlocks(mail.html);
    return lines
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n');
  } catch (cause) {
    throw new DocumentFailure(`it is no mail that can be read (${messageOf(cause)})`);
  }
}

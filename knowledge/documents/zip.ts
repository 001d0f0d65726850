import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { messageOf } from '../../schemas/core.ts';
import { DocumentFailure, tooLarge } from './failure.ts';

/** Files in an archive: more, and the archive is there to do harm. */
const MAX_ENTRIES = 10_000;

/** An opened archive. What is read of it is counted over all its files. */
export type Archive = {
  readonly names: ReadonlySet<string>;
  /** The content of a file. @throws DocumentFailure when it is not there, is damaged, or too much was unpacked */
  read(name: string): Promise<Uint8Array>;
  /** As text in UTF-8, or in the encoding of its byte order mark. */
  readText(name: string): Promise<string>;
};

/**
 * Opens a ZIP file. Names with backslashes, which some exporters write, count as if written with slashes. Nothing is unpacked until it
 * is read, and a file that unpacks to more than it says, or than is left of the limit, ends the reading at once.
 * @throws DocumentFailure when it is no archive
 */
export async function openArchive(bytes: Uint8Array, maxUnpackedBytes: number): Promise<Archive> {
  const { zip, entries } = await readDirectory(bytes);
  let left = maxUnpackedBytes;
  const read = async (name: string): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (entry === undefined) throw new DocumentFailure(`the part ${name} is missing in it`);
    const content = await readEntry(zip, entry, { left, maxUnpackedBytes });
    left -= content.length;
    return content;
  };
  return {
    names: new Set(entries.keys()),
    read,
    readText: async (name) => {
      const content = await read(name);
      const wide = (content[0] === 0xff && content[1] === 0xfe) || (content[0] === 0xfe && content[1] === 0xff);
      return new TextDecoder(wide ? (content[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8').decode(content);
    },
  };
}

async function readDirectory(bytes: Uint8Array): Promise<{ readonly zip: ZipFile; readonly entries: ReadonlyMap<string, Entry> }> {
  const entries = new Map<string, Entry>();
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const zip = await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false });
    if (zip.entryCount > MAX_ENTRIES) throw tooLarge(`it has more than ${MAX_ENTRIES} files in it`);
    for await (const entry of zip.eachEntry()) {
      // An archive that says it holds few entries may still hold many.
      if (entries.size >= MAX_ENTRIES) throw tooLarge(`it has more than ${MAX_ENTRIES} files in it`);
      entries.set(entry.fileName.replaceAll('\\', '/'), entry);
    }
    return { zip, entries };
  } catch (error) {
    if (error instanceof DocumentFailure) throw error;
    throw new DocumentFailure(`it is damaged or no such document (${messageOf(error)})`);
  }
}

async function readEntry(
  zip: ZipFile,
  entry: Entry,
  { left, maxUnpackedBytes }: { readonly left: number; readonly maxUnpackedBytes: number },
): Promise<Uint8Array> {
  const refuse = (): never => {
    throw tooLarge(`it unpacks to more than ${maxUnpackedBytes} bytes (setting documents.maxUnpackedBytes)`);
  };
  if (entry.isEncrypted()) throw new DocumentFailure('it is protected by a password: save it without one');
  if (entry.uncompressedSize > left) refuse();
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of await zip.openReadStreamPromise(entry)) {
      size += (part as Buffer).length;
      if (size > left) refuse();
      parts.push(part as Buffer);
    }
  } catch (error) {
    if (error instanceof DocumentFailure) throw error;
    throw new DocumentFailure(`its part ${entry.fileName} is damaged (${messageOf(error)})`);
  }
  return Buffer.concat(parts, size);
}

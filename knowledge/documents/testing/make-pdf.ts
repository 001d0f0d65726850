import { deflateSync } from 'node:zlib';

type Stream = { readonly bytes: Uint8Array; readonly packed: boolean };

/** A PDF of pages, each of lines of ASCII text in Helvetica. */
export const makePdf = (pages: readonly (readonly string[])[]): Uint8Array =>
  assemble(
    pages.map((lines) => {
      const shown = lines.map((line) => `(${line.replace(/[\\()]/g, '\\$&')}) Tj T*`).join('\n');
      return { bytes: Buffer.from(`BT /F1 12 Tf 14 TL 72 720 Td\n${shown}\nET`), packed: false };
    }),
  );

/** A PDF of one page whose content is so many blanks, packed. */
export const makePdfBomb = (size: number): Uint8Array =>
  assemble([{ bytes: deflateSync(Buffer.alloc(size, ' '), { level: 1 }), packed: true }]);

function assemble(contents: readonly Stream[]): Uint8Array {
  const kids = contents.map((_, i) => `${4 + i * 2} 0 R`).join(' ');
  const objects: Uint8Array[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${contents.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ].map((text) => Buffer.from(text));
  for (const [i, { bytes, packed }] of contents.entries()) {
    objects.push(
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + i * 2} 0 R >>`,
      ),
      Buffer.concat([
        Buffer.from(`<< /Length ${bytes.length}${packed ? ' /Filter /FlateDecode' : ''} >>\nstream\n`),
        bytes,
        Buffer.from('\nendstream'),
      ]),
    );
  }
  const parts: Uint8Array[] = [Buffer.from('%PDF-1.4\n')];
  let at = parts[0]?.length ?? 0;
  const entries = objects.map((object, i) => {
    const part = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]);
    const entry = `${String(at).padStart(10, '0')} 00000 n \n`;
    parts.push(part);
    at += part.length;
    return entry;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}`;
  parts.push(Buffer.from(`${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`));
  return Buffer.concat(parts);
}

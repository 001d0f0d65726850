/**
 * Bytes of a text file as text: by its byte order mark, else UTF-8 when it is that, else UTF-16 without a mark, GB 18030 when its
 * letters are common Chinese ones, else Windows-1252 (Latin-1 with its usual additions), which any bytes are.
 */
export function decodeText(bytes: Uint8Array): string {
  const marked = markedEncoding(bytes);
  if (marked !== null) return new TextDecoder(marked).decode(bytes);
  const utf16 = unmarkedUtf16(bytes);
  if (utf16 !== null) return new TextDecoder(utf16).decode(bytes);
  for (const encoding of looksChinese(bytes) ? ['utf-8', 'gb18030'] : ['utf-8']) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // It is not in this encoding.
    }
  }
  return new TextDecoder('windows-1252').decode(bytes);
}

function markedEncoding(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
}

/** Text in a script of the West has a zero in every other byte of UTF-16. */
function unmarkedUtf16(bytes: Uint8Array): string | null {
  const length = Math.min(bytes.length, 4096) & ~1;
  if (length < 4) return null;
  const zeros = [0, 0];
  for (let i = 0; i < length; i++) if (bytes[i] === 0) zeros[i & 1] = (zeros[i & 1] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const half = length / 2;
  if (odd > half * 0.4 && even < half * 0.05) return 'utf-16le';
  return even > half * 0.4 && odd < half * 0.05 ? 'utf-16be' : null;
}

/**
 * Most pairs beyond ASCII are of the first level of GB 2312 (first byte B0–D7) or Chinese marks (A1–A3): nine tenths of Chinese prose,
 * while accented letters of the West stand alone.
 */
function looksChinese(bytes: Uint8Array): boolean {
  let pairs = 0;
  let common = 0;
  const length = Math.min(bytes.length, 65_536);
  for (let i = 0; i < length; i++) {
    const first = bytes[i] ?? 0;
    if (first < 0x80) continue;
    pairs++;
    const second = bytes[++i] ?? 0;
    if (second >= 0xa1 && ((first >= 0xb0 && first <= 0xd7) || (first >= 0xa1 && first <= 0xa3))) common++;
  }
  return pairs > 0 && common >= pairs * 0.6;
}

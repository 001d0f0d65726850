import { describe, expect, it } from 'vitest';
import { readLockFile } from './lock-file.ts';

const hash = `--hash=sha256:${'a'.repeat(64)}`;

describe('readLockFile', () => {
  it('reads what uv and pip-compile write', () => {
    const text = `# made by uv\r\nnumpy==2.4.6 \\\r\n    ${hash} \\\r\n    ${hash}\r\n    # via pandas\r\n\r\nrequests[socks]==2.0 ; python_version > "3.8" ${hash}\r\n`;
    const lock = readLockFile(text, 'req.txt');
    expect(lock.packages).toEqual([
      { name: 'numpy', version: '2.4.6' },
      { name: 'requests', version: '2.0' },
    ]);
    expect(lock.text).not.toContain('\r');
  });

  it.each([
    ['numpy==1.0', /^req\.txt:1: numpy has no hash$/],
    [`# x\n\nnumpy>=1.0 ${hash}`, /^req\.txt:3: "numpy>=1\.0 .* is no package with one version/],
    [`--index-url https://user:pw@x\nnumpy==1 ${hash}`, /^req\.txt:1: "--index-url" does not belong/],
    [`git+https://x ${hash}`, /is no package/],
    ['# nothing', /names no package/],
    [`numpy==1.0 --hash=sha256:${'a'.repeat(63)}`, /numpy has more to it than/],
    [`numpy==1.0 ${hash} --index-url https://x`, /numpy has more to it than/],
    [`numpy==1.0 ; a --index-url https://x ${hash}`, /numpy has more to it than/],
    [`numpy==1.0 @ https://x/\${HOME} ${hash}`, /numpy has more to it than/],
    [`numpy==1.0 ; a == "b\u2028-r x" ${hash}`, /numpy has more to it than/],
    [`numpy==1.0 \\\n-r other.txt ${hash}`, /numpy has more to it than/],
    ['-e .', /^req\.txt:1: "-e" does not belong/],
  ])('%j', (text, message) => {
    expect(() => readLockFile(text, 'req.txt')).toThrow(message);
  });

  it('hands to pip what it has read, and nothing that pip alone would read in the same text', () => {
    const text = `# -*- coding: utf-7 -*-\n# x +AAo--r evil.txt\n# y\f--no-binary :all:\n# z\u0085--index-url https://x\nnumpy==1.0 ; python_version >= "3.9" \\\n  ${hash}\n`;
    expect(readLockFile(text, 'req.txt').lines).toEqual([`numpy==1.0 ; python_version >= "3.9" ${hash}`]);
  });
});

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
  ])('%j', (text, message) => {
    expect(() => readLockFile(text, 'req.txt')).toThrow(message);
  });
});

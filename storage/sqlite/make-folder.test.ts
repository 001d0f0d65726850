import { existsSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

describe('making the data folder', () => {
  let base: string;
  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'riskflow-folder-')));
    writeFileSync(join(base, 'file'), 'x');
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));
  const isFolder = (path: string): boolean => statSync(path).isDirectory();

  it('makes what is missing above it too, and leaves one that is there', () => {
    const folder = join(base, 'a', 'b', 'c');
    makeFolder(folder);
    expect(isFolder(folder)).toBe(true);
    writeFileSync(join(folder, 'kept'), '');
    makeFolder(folder);
    expect(existsSync(join(folder, 'kept'))).toBe(true);
  });

  it.each<readonly [string, readonly string[], (base: string) => string]>([
    ['a file', ['file'], (base) => `the data folder ${join(base, 'file')} is a file`],
    [
      'below a file',
      ['file', 'a', 'b'],
      (base) => `the data folder ${join(base, 'file', 'a', 'b')} cannot be made: ${join(base, 'file')} is a file`,
    ],
  ])('says so when it is %s', (_, parts, sentence) => {
    expect(() => makeFolder(join(base, ...parts))).toThrow(
      expect.objectContaining({ code: 'usage', message: sentence(base), hint: expect.stringContaining('RISKFLOW_DATA') }),
    );
  });

  it.skipIf(process.platform === 'win32')('says so when it is a link to nothing (links need special rights on Windows)', () => {
    symlinkSync(join(base, 'nowhere'), join(base, 'link'));
    expect(() => makeFolder(join(base, 'link'))).toThrow(`${join(base, 'link')} is a link to nothing`);
    expect(() => makeFolder(join(base, 'link', 'a'))).toThrow(`${join(base, 'link')} is a link to nothing`);
  });

  it.skipIf(process.platform !== 'linux').each(['/proc/nope', '/proc/nope/deeper', '/dev/null/data'])(
    'ends where no folder can be made: %s (such places are there on Linux only)',
    (folder) => {
      expect(() => makeFolder(folder)).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringMatching(/takes no folders$|\/dev\/null is a file$/) }),
      );
    },
  );
});

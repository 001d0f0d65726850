import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder, riskflow } from './riskflow.ts';

describe('knowledge', () => {
  it('is imported, listed and searched, and a flow finds it by its name', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'refunds.md'), '# Refunds\n\nRefunds are paid within 30 days.');
    writeFileSync(join(folder, 'old.doc'), 'x');
    const refused = await riskflow(['knowledge', 'import', 'policies', 'refunds.md', 'old.doc'], { data: join(folder, 'data'), folder });
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('files of the type .doc are not supported: save it as .docx or PDF: nothing was imported');
    const imported = await riskflow(['knowledge', 'import', 'policies', 'refunds.md', 'old.doc', '--keep-valid', '--json'], {
      data: join(folder, 'data'),
      folder,
    });
    expect(JSON.parse(imported.out)).toMatchObject({ dataset: 'policies', documents: 1, passages: 1, added: 1, isNew: true });
    expect(imported.err).toContain('"old.doc" cannot be read');
    const listed = await riskflow(['knowledge', 'list'], { data: join(folder, 'data'), folder });
    expect(listed.out).toMatch(/^dataset +id +version +documents +passages\npolicies +[0-9a-f-]{36} +[0-9a-f]{12} +1 +1\n$/);
    const found = await riskflow(['knowledge', 'search', 'policies', 'refund', '--json'], { data: join(folder, 'data'), folder });
    expect(JSON.parse(found.out)).toMatchObject({
      passages: [{ document: 'refunds.md', position: 1, content: expect.stringContaining('30 days') as string }],
    });
    const lost = await riskflow(['knowledge', 'search', 'gone', 'refund'], { data: join(folder, 'data'), folder });
    expect([lost.code, lost.err]).toEqual([2, expect.stringContaining('there is no dataset "gone"')]);
  });
});

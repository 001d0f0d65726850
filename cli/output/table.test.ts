import { describe, expect, it } from 'vitest';
import { renderFacts, renderTable } from './table.ts';

describe('renderTable', () => {
  it('aligns columns, Chinese too, and leaves no blanks at the end', () => {
    const text = renderTable(
      [{ title: 'set' }, { title: 'rows', align: 'right' }, { title: 'note' }],
      [
        ['数据', 7, ''],
        ['reports', 1002, 'x'],
      ],
    );
    expect(text).toBe(['set      rows  note', '数据        7', 'reports  1002  x'].join('\n'));
  });

  it('cuts long cells and shows no control characters', () => {
    expect(renderTable([{ title: 't', atMost: 6 }], [['a\u001b[31mb longer']])).toBe('t\na [31…');
  });
});

describe('renderFacts', () => {
  it('puts the values below each other', () => {
    expect(
      renderFacts([
        ['version', 'abc'],
        ['n', '1'],
        ['empty', ''],
      ]),
    ).toBe('version  abc\nn        1\nempty');
  });
});

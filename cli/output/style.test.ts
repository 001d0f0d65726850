import { expect, it } from 'vitest';
import { styleFor } from './style.ts';

const stream = (isTty: boolean) => ({ isTty, columns: () => 80, write: () => undefined });

it.each([
  { isTty: true, env: {}, shown: '\u001b[31mno\u001b[39m' },
  { isTty: false, env: {}, shown: 'no' },
  { isTty: true, env: { NO_COLOR: '1' }, shown: 'no' },
  { isTty: true, env: { NO_COLOR: '' }, shown: '\u001b[31mno\u001b[39m' },
  { isTty: true, env: { TERM: 'dumb' }, shown: 'no' },
])('$isTty $env', ({ isTty, env, shown }) => expect(styleFor(stream(isTty), env).red('no')).toBe(shown));

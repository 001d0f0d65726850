import { expect, test } from 'vitest';
import { chooseMirror } from './debian.ts';

test('the main archive is chosen, not its neighbours and no other publisher', () => {
  const targets = [
    'Other|main|bookworm|https://other.example/debian/',
    'Debian|main|bookworm-security|http://mirror.example/debian-security/',
    'Debian|contrib|bookworm|http://contrib.example/debian/',
    'Debian|main|bookworm|mirror+file:/etc/apt/mirrors/debian.list',
    'Debian|main|bookworm|http://mirror.example/debian/',
  ];
  expect(chooseMirror(targets.join('\n'))).toBe('http://mirror.example/debian/');
});

test('a machine of another publisher has no mirror of Debian', () => {
  expect(chooseMirror('Ubuntu|main|noble|http://archive.example/ubuntu/\n')).toBeUndefined();
  expect(chooseMirror('')).toBeUndefined();
});

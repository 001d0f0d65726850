import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventIdsOf } from './event-ids.ts';

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('event ids', () => {
  it('are UUIDs of version 7 in order of time and version (property)', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(2 ** 47), fc.nat(2 ** 31), (workspace, stream, time, version) => {
        const id = eventIdsOf(workspace, stream, time)(version);
        expect(id).toMatch(UUID_7);
        expect(id).toBe(eventIdsOf(workspace, stream, time)(version));
        expect(id < eventIdsOf(workspace, stream, time)(version + 1)).toBe(true);
        expect(id < eventIdsOf(workspace, stream, time + 1)(1)).toBe(true);
      }),
    );
  });

  it('differ between streams and workspaces, also where their names run together', () => {
    const ids = [eventIdsOf('a', 'bc', 5)(1), eventIdsOf('ab', 'c', 5)(1), eventIdsOf('a', 'bd', 5)(1), eventIdsOf('', 'abc', 5)(1)];
    expect(new Set(ids).size).toBe(4);
  });
});

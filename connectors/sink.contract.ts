import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json, OutgoingMessage, Sink } from '../schemas/index.ts';

/** A sink and somebody who receives from it. */
export type SinkRig = {
  readonly sink: Sink;
  /** All that has arrived so far and was accepted, repeats too, in the order of arrival. `key` undefined where the way knows none. */
  readonly received: () => Promise<readonly { readonly id: string; readonly key?: string | null; readonly body: Json }[]>;
  /** From now on nobody takes anything; with `false` somebody does again. Left out where the contract is told so. */
  readonly goAway?: (away: boolean) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** A decision with all of its usual fields. */
export const sampleMessage = (id: string, parts: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id,
  type: 'decision',
  key: 'acct-1',
  at: 1_760_000_000_000,
  body: {
    decisionId: id,
    subject: 'acct-1',
    label: 'spam',
    score: 0.5,
    reasonCodes: ['R1', '理由'],
    outputs: { text: '你好 😀 "x"' },
    error: null,
  },
  ...parts,
});

/** What every sink must do. `create` makes a fresh one for each test. `goesAway` false: here nobody can be made to go away. */
export function sinkContract(
  name: string,
  create: () => Promise<SinkRig>,
  options: { readonly timeout?: number; readonly goesAway?: false } = {},
): void {
  describe(`${name} as a sink`, { timeout: options.timeout ?? 20_000 }, () => {
    let rig: SinkRig;
    const never = new AbortController().signal;
    beforeEach(async () => {
      rig = await create();
    }, options.timeout);
    afterEach(() => rig.close(), options.timeout);

    it('tells messages in the order given, with their ids, keys and bodies', async () => {
      const messages = Array.from({ length: 12 }, (_, i) => sampleMessage(`d-${i}`, i === 5 ? { key: null } : {}));
      expect(await rig.sink.send(messages, never)).toEqual([]);
      const received = await rig.received();
      expect(received.map(({ id }) => id)).toEqual(messages.map(({ id }) => id));
      for (const [i, { key, body }] of received.entries()) {
        expect(body).toMatchObject(JSON.parse(JSON.stringify(messages[i]?.body)) as object);
        if (key !== undefined) expect(key).toBe(messages[i]?.key);
      }
    });

    it('tells what is sent again under the same id', async () => {
      await rig.sink.send([sampleMessage('a'), sampleMessage('b')], never);
      await rig.sink.send([sampleMessage('b'), sampleMessage('c')], never);
      expect((await rig.received()).map(({ id }) => id)).toEqual(['a', 'b', 'b', 'c']);
    });

    it('has nothing to do for no messages', async () => {
      expect(await rig.sink.send([], never)).toEqual([]);
      expect(await rig.received()).toEqual([]);
    });

    it('sends nothing when it is aborted before', async () => {
      const reason = new Error('stop');
      await expect(rig.sink.send([sampleMessage('a')], AbortSignal.abort(reason))).rejects.toThrow('stop');
      expect(await rig.received()).toEqual([]);
    });

    if (options.goesAway === false) return;
    it('says that it failed while nobody takes anything, or waits until aborted, and goes on afterwards', async () => {
      const { goAway } = rig;
      if (goAway === undefined) throw new Error('the rig cannot make anybody go away');
      await rig.sink.send([sampleMessage('a')], never);
      await goAway(true);
      await expect(rig.sink.send([sampleMessage('b'), sampleMessage('c')], AbortSignal.timeout(2_000))).rejects.toBeInstanceOf(Error);
      await goAway(false);
      expect(await rig.sink.send([sampleMessage('b'), sampleMessage('c')], never)).toEqual([]);
      const ids = (await rig.received()).map(({ id }) => id);
      // One that did arrive, though the sink could not know, comes twice; none is lost or out of order.
      expect([...new Set(ids)]).toEqual(['a', 'b', 'c']);
      expect(ids.slice(-2)).toEqual(['b', 'c']);
    });
  });
}

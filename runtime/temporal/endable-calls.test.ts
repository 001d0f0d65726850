import { setTimeout as delay } from 'node:timers/promises';
import { makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { endableCalls } from './endable-calls.ts';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;
type Metadata = Parameters<Call['start']>[0];
type Status = { readonly code: number; readonly details: string };

const UNAVAILABLE = 14;
const RETRY_MS = 20;
// Nothing looks into it here.
const metadata = {} as Metadata;

/** Calls that reach the server, each answered with a status or, where there is none, never until it is cancelled. */
function server(statusOf: () => number | undefined) {
  const begun: Call[] = [];
  const nextCall = (): Call => {
    let tell: (status: Status) => void = () => undefined;
    const call: Call = {
      start: (sent, listener) => {
        tell = ({ code, details }) => {
          listener?.onReceiveMessage?.(null);
          listener?.onReceiveStatus?.({ code, details, metadata: sent });
        };
        const code = statusOf();
        if (code !== undefined) setImmediate(tell, { code, details: 'away' });
      },
      cancelWithStatus: (code, details) => tell({ code, details }),
      getPeer: () => 'server',
      sendMessageWithContext: () => undefined,
      sendMessage: () => undefined,
      startRead: () => undefined,
      halfClose: () => undefined,
      getAuthContext: () => null,
    };
    begun.push(call);
    return call;
  };
  return { begun, nextCall };
}

/** As gRPC begins a call through the interceptors of a client: the one that tries again, then ours. */
function begin(interceptor: Interceptor, nextCall: () => Call): Status[] {
  const retrying = makeGrpcRetryInterceptor({
    retryableDecider: (_, { code }) => Number(code) === UNAVAILABLE,
    delayFunction: () => RETRY_MS,
  });
  const told: Status[] = [];
  const options = {} as Parameters<Interceptor>[0];
  const call = retrying(options, (given) => interceptor(given, nextCall));
  call.start(metadata, { onReceiveStatus: ({ code, details }) => void told.push({ code, details }) });
  call.sendMessage('question');
  call.halfClose();
  return told;
}

describe('endableCalls', () => {
  const ended = [{ code: 1, details: 'the connection was closed' }];

  it('gives up a call that waits for its answer', () => {
    const { interceptor, end } = endableCalls();
    const told = begin(interceptor, server(() => undefined).nextCall);
    expect(told).toEqual([]);
    end();
    expect(told).toEqual(ended);
  });

  it('lets no retry begin whose time comes after the end', async () => {
    const { interceptor, end } = endableCalls();
    const { begun, nextCall } = server(() => UNAVAILABLE);
    const told = begin(interceptor, () => {
      if (begun.length > 0) throw new Error('Channel has been shut down');
      return nextCall();
    });
    await delay(RETRY_MS / 2);
    expect(told).toEqual([]);
    end();
    await expect.poll(() => told).toEqual(ended);
    expect(begun.length).toBe(1);
  });

  it('lets no call begin after the end', () => {
    const { interceptor, end } = endableCalls();
    end();
    const { begun, nextCall } = server(() => 0);
    expect(begin(interceptor, nextCall)).toEqual(ended);
    expect(begun).toEqual([]);
  });

  it('hands on what the server says, and tries again until then', async () => {
    const { interceptor } = endableCalls();
    const answers = [UNAVAILABLE, UNAVAILABLE, 5];
    const { begun, nextCall } = server(() => answers.shift());
    const told = begin(interceptor, nextCall);
    await expect.poll(() => told).toEqual([{ code: 5, details: 'away' }]);
    expect(begun.length).toBe(3);
  });
});

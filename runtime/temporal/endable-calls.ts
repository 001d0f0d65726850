import { makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Parameters<Interceptor>[1]>;

/** Status of gRPC for a call that its caller gave up. */
const CANCELLED = 1;
const DETAILS = 'the connection was closed';

export type EndableCalls = {
  /** The last of the interceptors, after the one that tries again. */
  readonly interceptor: Interceptor;
  /** Gives up the calls under way, and lets none begin any more. */
  readonly end: () => void;
};

/**
 * Calls that end with their connection. Closing a channel of gRPC lets the calls under way go on, for up to a minute where they wait for
 * the end of a workflow, and a retry whose time comes afterwards throws where nobody can catch it.
 */
export function endableCalls(): EndableCalls {
  const underWay = new Set<Call>();
  let over = false;
  const watched = (call: Call): Call => {
    underWay.add(call);
    return {
      start: (metadata, listener) =>
        call.start(metadata, {
          onReceiveMetadata: (received) => listener?.onReceiveMetadata?.(received),
          onReceiveMessage: (message: unknown) => listener?.onReceiveMessage?.(message),
          onReceiveStatus: (status) => {
            underWay.delete(call);
            listener?.onReceiveStatus?.(status);
          },
        }),
      cancelWithStatus: (status, details) => call.cancelWithStatus(status, details),
      getPeer: () => call.getPeer(),
      sendMessageWithContext: (context, message: unknown) => call.sendMessageWithContext(context, message),
      sendMessage: (message: unknown) => call.sendMessage(message),
      startRead: () => call.startRead(),
      halfClose: () => call.halfClose(),
      getAuthContext: () => call.getAuthContext(),
    };
  };
  return {
    interceptor: (options, nextCall) => asInterceptor(options, (given) => (over ? DEAD : watched(nextCall(given)))),
    end: () => {
      over = true;
      for (const call of underWay) call.cancelWithStatus(CANCELLED, DETAILS);
    },
  };
}

/** Makes the call that gRPC wants of an interceptor, which only its own package can; it retries nothing. */
const asInterceptor = makeGrpcRetryInterceptor({ retryableDecider: () => false, delayFunction: () => 0 });

/** A call that is over before it begins. */
const DEAD: Call = {
  start: (metadata, listener) => {
    listener?.onReceiveMessage?.(null);
    listener?.onReceiveStatus?.({ code: CANCELLED, details: DETAILS, metadata });
  },
  cancelWithStatus: () => undefined,
  getPeer: () => '',
  sendMessageWithContext: () => undefined,
  sendMessage: () => undefined,
  startRead: () => undefined,
  halfClose: () => undefined,
  getAuthContext: () => null,
};

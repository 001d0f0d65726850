import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core';

/**
 * The functions which the host calls inside the interpreter. They are taken before user code runs and kept by handle, so that
 * code which changes `JSON`, `String.prototype` or `console`, or has names like these, neither breaks nor misleads the host.
 */
export type Intrinsics = {
  /** JSON text to a value. */
  readonly parse: QuickJSHandle;
  /** A value to JSON text, or undefined. */
  readonly stringify: QuickJSHandle;
  /** True for what main() may return: an object that is no array. */
  readonly isObject: QuickJSHandle;
  /** Anything thrown to one line of text. */
  readonly describe: QuickJSHandle;
};

// `describe` touches a hostile object only inside try: its getters may throw or loop (the deadline ends a loop).
const SOURCE = `(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const text = String;
  const ErrorClass = Error;
  const call = Function.prototype.call;
  const slice = call.bind(String.prototype.slice);
  const exec = call.bind(RegExp.prototype.exec);
  const line = /code\\.js:(\\d+)/;
  const short = (value) => slice(text(value), 0, 1000);
  const describe = (thrown) => {
    try {
      if (!(thrown instanceof ErrorClass)) return typeof thrown === 'object' && thrown !== null ? short(stringify(thrown)) : short(thrown);
      const place = typeof thrown.stack === 'string' ? exec(line, slice(thrown.stack, 0, 2000)) : null;
      return short(thrown.name) + ': ' + short(thrown.message) + (place === null ? '' : ' (line ' + place[1] + ')');
    } catch {
      return 'something that cannot be described was thrown';
    }
  };
  const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value);
  const quiet = () => {};
  globalThis.console = { log: quiet, info: quiet, warn: quiet, error: quiet, debug: quiet };
  return { parse, stringify, isObject, describe };
})()`;

/** Also gives the code a silent `console`: flows that print while they are debugged run as they do in Dify. */
export function takeIntrinsics(context: QuickJSContext): Intrinsics {
  const object = context.unwrapResult(context.evalCode(SOURCE, 'riskflow.js'));
  const intrinsics = {
    parse: context.getProp(object, 'parse'),
    stringify: context.getProp(object, 'stringify'),
    isObject: context.getProp(object, 'isObject'),
    describe: context.getProp(object, 'describe'),
  };
  object.dispose();
  return intrinsics;
}

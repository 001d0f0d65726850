import { Scope, type QuickJSContext, type QuickJSHandle, type QuickJSRuntime, type QuickJSWASMModule } from 'quickjs-emscripten-core';
import { MEMORY_MESSAGE, resultTooLong, STACK_MESSAGE, timeoutMessage } from './failures.ts';
import { takeIntrinsics, type Intrinsics } from './quickjs-intrinsics.ts';
import type { FailureType, WorkerCall, WorkerOutcome } from './quickjs-protocol.ts';

/** The interpreter's own stack, bytes; the thread's stack (`WORKER_STACK_MB`) must be large enough to hold what it nests. */
const STACK_BYTES = 512 * 1024;
const JOBS_PER_ROUND = 1000;

/** One call that ended, with what is left to do. */
export type FinishedCall = {
  readonly outcome: WorkerOutcome;
  /** Frees what the call made. Throws when the interpreter is damaged. */
  readonly clean: () => void;
  /** Whether the interpreter may serve another call once it is clean. */
  readonly reusable: boolean;
};

// A class because it is thrown: it carries a failure through the steps of a call up to `performCall`.
class CallFailure extends Error {
  readonly type: FailureType;
  readonly reusable: boolean;
  constructor(type: FailureType, message: string, reusable: boolean) {
    super(message);
    this.type = type;
    this.reusable = reusable;
  }
}

/**
 * Runs `main(inputs)` of some JavaScript in a fresh runtime: the code is a script that defines a function `main`, which is
 * called with one object holding the inputs (as Dify's JavaScript template does) and returns an object, or a promise of one.
 */
export function performCall(quickjs: QuickJSWASMModule, call: WorkerCall): FinishedCall {
  const deadline = performance.now() + call.timeoutMs;
  const expired = (): boolean => performance.now() > deadline;
  const scope = new Scope();
  const clean = (): void => scope.dispose();
  try {
    const runtime = scope.manage(quickjs.newRuntime());
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(expired);
    const vm = openVm(scope, scope.manage(runtime.newContext()), { runtime, expired, timeoutMs: call.timeoutMs });
    const returned = awaitResult(vm, callMain(vm, call));
    return { outcome: { ok: true, json: resultText(vm, returned, call.maxResultLength) }, clean, reusable: true };
  } catch (error) {
    if (error instanceof CallFailure) return { outcome: failed(error.type, error.message), clean, reusable: error.reusable };
    return { outcome: outcomeOfHostError(error, expired() ? call.timeoutMs : undefined), clean, reusable: false };
  }
}

type Vm = Intrinsics & {
  readonly scope: Scope;
  readonly context: QuickJSContext;
  readonly runtime: QuickJSRuntime;
  readonly expired: () => boolean;
  readonly timeoutMs: number;
};

function openVm(scope: Scope, context: QuickJSContext, rest: Pick<Vm, 'runtime' | 'expired' | 'timeoutMs'>): Vm {
  const { parse, stringify, isObject, describe } = takeIntrinsics(context);
  for (const handle of [parse, stringify, isObject, describe]) scope.manage(handle);
  return { scope, context, parse, stringify, isObject, describe, ...rest };
}

function callMain(vm: Vm, call: WorkerCall): QuickJSHandle {
  const { context, scope } = vm;
  // Parsed before user code runs, which could otherwise lie in wait for it (setters on Object.prototype).
  const inputs = unwrap(vm, context.callFunction(vm.parse, context.undefined, scope.manage(context.newString(call.inputsJson))));
  unwrap(vm, context.evalCode(call.code, 'code.js', { type: 'global' }));
  // By evaluation and not as a property of globalThis: `const main = …` is no property of it.
  const main = unwrap(vm, context.evalCode("typeof main === 'function' ? main : undefined", 'riskflow.js'));
  if (context.typeof(main) !== 'function') throw new CallFailure('CodeExecutionError', 'The code defines no function named main.', true);
  return unwrap(vm, context.callFunction(main, context.undefined, inputs));
}

function awaitResult(vm: Vm, returned: QuickJSHandle): QuickJSHandle {
  for (;;) {
    const state = vm.context.getPromiseState(returned);
    if (state.type === 'fulfilled') return state.notAPromise === true ? returned : vm.scope.manage(state.value);
    if (state.type === 'rejected') throw failureOfThrown(vm, vm.scope.manage(state.error));
    if (!vm.runtime.hasPendingJob()) {
      throw new CallFailure('CodeExecutionError', 'main() returned a promise that nothing will ever settle.', true);
    }
    const jobs = vm.runtime.executePendingJobs(JOBS_PER_ROUND);
    if (jobs.error !== undefined) throw failureOfThrown(vm, vm.scope.manage(jobs.error));
    if (vm.expired()) throw timeout(vm.timeoutMs);
  }
}

function resultText(vm: Vm, returned: QuickJSHandle, maxLength: number): string {
  const { context } = vm;
  const isObject = unwrap(vm, context.callFunction(vm.isObject, context.undefined, returned));
  if (context.dump(isObject) !== true) throw new CallFailure('CodeOutputError', 'main() must return an object with the outputs.', true);
  const json = unwrap(vm, context.callFunction(vm.stringify, context.undefined, returned));
  // An object whose toJSON returns undefined has no JSON text.
  if (context.typeof(json) !== 'string') throw new CallFailure('CodeOutputError', 'What main() returned cannot be written as JSON.', true);
  const length = context.getNumber(vm.scope.manage(context.getProp(json, 'length')));
  if (length > maxLength) throw new CallFailure('CodeOutputError', resultTooLong(length, maxLength), true);
  return context.getString(json);
}

function unwrap(vm: Vm, result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
  if (result.error !== undefined) throw failureOfThrown(vm, vm.scope.manage(result.error));
  return vm.scope.manage(result.value);
}

function failureOfThrown(vm: Vm, thrown: QuickJSHandle): CallFailure {
  if (vm.expired()) return timeout(vm.timeoutMs);
  const described = vm.context.callFunction(vm.describe, vm.context.undefined, thrown);
  if (described.error !== undefined) {
    described.error.dispose();
    return vm.expired() ? timeout(vm.timeoutMs) : memory();
  }
  const message = vm.context.getString(vm.scope.manage(described.value));
  if (message.startsWith('InternalError: out of memory')) return memory();
  // Other internal errors (stack overflow, text too long) are clean as far as is known, but rare enough to take no chance.
  return new CallFailure('CodeExecutionError', message, !message.startsWith('InternalError: '));
}

const timeout = (timeoutMs: number): CallFailure => new CallFailure('CodeTimeoutError', timeoutMessage(timeoutMs), false);
const memory = (): CallFailure => new CallFailure('CodeMemoryError', MEMORY_MESSAGE, false);

const failed = (type: FailureType, message: string): WorkerOutcome => ({ ok: false, type, message });

// What WebAssembly itself throws: a trap, or the thread's own stack at its end. The interpreter is in an unknown state after it.
function outcomeOfHostError(error: unknown, expiredAfterMs: number | undefined): WorkerOutcome {
  if (expiredAfterMs !== undefined) return failed('CodeTimeoutError', timeoutMessage(expiredAfterMs));
  if (error instanceof RangeError) return failed('CodeExecutionError', STACK_MESSAGE);
  return failed('CodeMemoryError', MEMORY_MESSAGE);
}

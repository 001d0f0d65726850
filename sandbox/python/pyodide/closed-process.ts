import { constants } from 'node:fs';
import { createRequire, registerHooks, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);

/** Modules of Node by which code could reach out of its process. */
const OUTWARD = ['net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'child_process', 'worker_threads', 'vm', 'fs/promises'];
const OUTWARD_OF_PROCESS = [
  'getBuiltinModule',
  'binding',
  '_linkedBinding',
  'dlopen',
  'kill',
  '_kill',
  'chdir',
  'loadEnvFile',
  'openStdin',
  'send',
];

const refused = (): never => {
  throw new Error('this is not allowed here');
};

/** Pyodide asks it for flags of files, and the permission model of Node refuses it: it gets as much as it needs to start. */
export function giveConstantsOnly(): void {
  Object.defineProperty(process, 'binding', { value: () => ({ fs: constants }), configurable: true });
}

/**
 * Takes away what this process could do to others once its interpreter is loaded. The permission model of Node already keeps it from
 * files, programs and threads, but not from the network. Everything is left that the interpreter itself needs.
 */
export function closeProcess(): void {
  const outward = OUTWARD.map((name) => require(`node:${name}`) as Record<string, unknown>);
  for (const module of outward) stub(module);
  for (const name of OUTWARD_OF_PROCESS) Object.defineProperty(process, name, { value: refused, configurable: false, writable: false });
  const fs = require('node:fs') as Record<string, unknown>;
  for (const name of Object.keys(fs)) if (!KEPT_OF_FS.has(name)) replace(fs, name);
  syncBuiltinESMExports();
  // Modules that nobody has asked for yet cannot be had any more.
  registerHooks({ resolve: refused, load: refused });
  freezeBuiltIns();
  for (const name of OUTWARD_GLOBALS) Reflect.deleteProperty(globalThis, name);
}

/**
 * Code that finds an object of JavaScript in the interpreter's memory reaches what all objects share. Nothing of it may be changed: the
 * loop that lays the memory back is made of it, and a change would last longer than a call.
 */
function freezeBuiltIns(): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value: unknown = Object.getOwnPropertyDescriptor(globalThis, name)?.value;
    if (!/^[A-Z]/.test(name) || (typeof value !== 'function' && typeof value !== 'object') || value === null) continue;
    const prototype: unknown = 'prototype' in value ? value.prototype : undefined;
    Object.freeze(value);
    // Errors get names and messages of their own by plain assignment, which frozen ones on the prototype would refuse.
    if (typeof prototype === 'object' && prototype !== null)
      (prototype instanceof Error || value === Error ? Object.seal : Object.freeze)(prototype);
  }
  const typedArray: unknown = Object.getPrototypeOf(Uint8Array.prototype);
  for (const one of [typedArray, Object.getPrototypeOf(Uint8Array), Function.prototype]) Object.freeze(one);
}

/** The loop reads its calls and writes its answers by these. */
const KEPT_OF_FS = new Set(['readSync', 'writeSync']);

const OUTWARD_GLOBALS = [
  'fetch',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
  'Request',
  'Response',
  'Headers',
  'FormData',
  'BroadcastChannel',
  'MessageChannel',
  'MessagePort',
  'Worker',
  'navigator',
  'localStorage',
  'sessionStorage',
  'process',
  'global',
  'require',
  'Function',
  'eval',
];

function stub(module: Record<string, unknown>): void {
  for (const name of Object.getOwnPropertyNames(module)) {
    const value = module[name];
    // Node makes sockets of its own streams: a class that can do nothing any more is left.
    if (typeof value !== 'function' || !closePrototype((value as { readonly prototype?: unknown }).prototype)) replace(module, name);
  }
}

/** Whether there was something to close. */
function closePrototype(prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null) return false;
  const outward = ['connect', 'listen', 'bind', 'send', 'spawn', 'request'].filter((name) => Object.hasOwn(prototype, name));
  for (const name of outward) Reflect.set(prototype, name, refused);
  return outward.length > 0;
}

function replace(module: Record<string, unknown>, name: string): void {
  const found = Object.getOwnPropertyDescriptor(module, name);
  if (found === undefined || (typeof found.value !== 'function' && !('get' in found))) return;
  if (found.configurable === true || found.writable === true) Object.defineProperty(module, name, { value: refused });
}

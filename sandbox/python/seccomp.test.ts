import { describe, expect, it } from 'vitest';
import { GUEST_FOLDER } from './launch.ts';
import { runProgram } from './run-program.ts';

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

const QUESTION = `
import json, sys
sys.path.insert(0, sys.argv[1])
import seccomp
print(json.dumps({machine: seccomp.program(machine) for machine in seccomp.MACHINES}))`;
const asked = await runProgram('python3', ['-c', QUESTION, GUEST_FOLDER], { env: process.env, timeoutMs: 20_000 });
const programs = asked.code === 0 ? (JSON.parse(asked.out) as Readonly<Record<string, readonly Instruction[]>>) : {};
const why = asked.code === 0 ? '' : ' (skipped: python3 does not run here)';

const ARCH = { x86_64: 0xc000003e, aarch64: 0xc00000b7 } as const;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;

/** What the kernel's machine for such filters would answer: the five instructions that are used, over the words of `seccomp_data`. */
function answer(
  program: readonly Instruction[],
  call: { readonly arch: number; readonly number: number; readonly flags?: number },
): number {
  const words: Readonly<Record<number, number>> = { 0: call.number, 4: call.arch, 16: call.flags ?? 0 };
  let loaded = 0;
  for (let at = 0; ; at += 1) {
    const [code, ifTrue, ifFalse, operand] = program[at] ?? [0, 0, 0, 0];
    if (code === 0x06) return operand;
    if (code === 0x20) loaded = words[operand] ?? Number.NaN;
    else if (code === 0x15) at += loaded === operand ? ifTrue : ifFalse;
    else if (code === 0x35) at += loaded >= operand ? ifTrue : ifFalse;
    else if (code === 0x45) at += (loaded & operand) !== 0 ? ifTrue : ifFalse;
    else throw new Error(`instruction ${at} has the unknown code ${code}`);
  }
}

describe.skipIf(asked.code !== 0)(`the filter of system calls${why}`, () => {
  // read, openat, mmap, futex, getrandom, execve, socket, connect, kill, ptrace, mount, unshare, bpf, io_uring_setup, setpriority, sched_setaffinity
  const tables = {
    x86_64: {
      allowed: [0, 257, 9, 202, 318, 231],
      denied: [41, 42, 59, 57, 58, 62, 101, 165, 272, 321, 425, 141, 203],
      clone: 56,
      limits: 302,
    },
    aarch64: {
      allowed: [63, 56, 222, 98, 278, 94],
      denied: [198, 203, 221, 129, 117, 40, 97, 280, 425, 140, 122],
      clone: 220,
      limits: 261,
    },
  } as const;

  it.each(['x86_64', 'aarch64'] as const)('of %s', (machine) => {
    const program = programs[machine] ?? [];
    const arch = ARCH[machine];
    const { allowed, denied, clone, limits } = tables[machine];
    const ask = (number: number, flags = 0): number => answer(program, { arch, number, flags });
    expect(allowed.map((number) => ask(number))).toEqual(allowed.map(() => ALLOW));
    expect(denied.map((number) => ask(number))).toEqual(denied.map(() => EPERM));
    // Threads are welcome, processes are not; clone3, whose flags cannot be read, is not there.
    expect([ask(clone, 0x10f00), ask(clone, 0x11), ask(clone, 0x10000000), ask(435)]).toEqual([ALLOW, EPERM, EPERM, ENOSYS]);
    // Limits of its own, and of no other process.
    expect([ask(limits, 0), ask(limits, 1)]).toEqual([ALLOW, EPERM]);
    // Calls by the table of another machine.
    expect(answer(program, { arch: 0x40000003, number: 1 })).toBe(KILL);
    expect(program.length).toBeLessThan(4096);
  });

  it('of x86_64 ends who calls by the x32 table', () => {
    expect(answer(programs['x86_64'] ?? [], { arch: ARCH.x86_64, number: 0x40000000 + 1 })).toBe(KILL);
  });
});

/** What one call of user code may use. */
export type SandboxLimits = {
  /** Running time of one call, milliseconds. */
  readonly timeoutMs: number;
  /** Memory of JavaScript's interpreter with everything the code builds in it, MiB (1024 × 1024 bytes). At least 17: it starts with 16. */
  readonly memoryMb: number;
  /** Memory of Python: in Pyodide with its interpreter, MiB; in bubblewrap beyond what the interpreter with its packages has. At least 64. */
  readonly pythonMemoryMb: number;
  /** Longest code, UTF-16 units. */
  readonly maxCodeLength: number;
  /** Longest JSON text of the inputs, UTF-16 units. */
  readonly maxInputLength: number;
  /** Longest JSON text of the result, UTF-16 units. */
  readonly maxResultLength: number;
};

/**
 * `timeoutMs` is Dify's Docker default (SANDBOX_WORKER_TIMEOUT=15). The others bound what one hostile node can cost this process;
 * Dify's own limits on the values of outputs are far below them and are checked by the node.
 */
export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  timeoutMs: 15_000,
  memoryMb: 64,
  pythonMemoryMb: 512,
  maxCodeLength: 1_000_000,
  maxInputLength: 4_000_000,
  maxResultLength: 1_000_000,
};

/** The least `memoryMb`: what the interpreter asks for when it starts, and a page more. */
export const LEAST_MEMORY_MB = 17;

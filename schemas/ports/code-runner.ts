export type CodeResult =
  | { readonly ok: true; /** JSON text of what main() returned. */ readonly json: string; readonly elapsedMs: number }
  | {
      readonly ok: false;
      readonly message: string;
      readonly type: 'CodeExecutionError' | 'CodeTimeoutError' | 'CodeMemoryError' | 'CodeOutputError';
      readonly elapsedMs: number;
    };

/** Runs user code with least power. Hostile code must not reach the process, its environment, files or network. */
export type CodeRunner = {
  run(request: {
    readonly language: 'javascript' | 'python3';
    readonly code: string;
    /** JSON text of the arguments by name. */ readonly inputsJson: string;
    readonly signal: AbortSignal;
  }): Promise<CodeResult>;
  close(): Promise<void>;
};

export type CodeResult =
  | { readonly ok: true; /** JSON text of what main() returned. */ readonly json: string; readonly elapsedMs: number }
  | {
      readonly ok: false;
      readonly message: string;
      readonly type: 'CodeExecutionError' | 'CodeTimeoutError' | 'CodeMemoryError' | 'CodeOutputError';
      readonly elapsedMs: number;
    };

export type CodeLanguage = 'javascript' | 'python3';

/** For whom code runs. A process that ran it serves nobody else; the parts are compared, never read. */
export type CodeScope = { readonly workspaceId: string; readonly flowVersion: string };

/** Runs user code with least power. Hostile code must not reach the process, its environment, files or network. */
export type CodeRunner = {
  run(request: {
    readonly language: CodeLanguage;
    readonly code: string;
    /** JSON text of the arguments by name. */ readonly inputsJson: string;
    /** Without one, code shares a process only with equal code. */ readonly scope?: CodeScope;
    readonly signal: AbortSignal;
  }): Promise<CodeResult>;
  /**
   * What runs a language here, with its version and that of the installed packages: results may differ between two of these. A part of the
   * key of reuse.
   */
  version(language: CodeLanguage): Promise<string>;
  close(): Promise<void>;
};

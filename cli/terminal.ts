/** The terminal a command talks to: everything of the process that it may touch, so that tests can stand in for it. */
export type Terminal = {
  /** What was asked for. */
  readonly out: Stream;
  /** Everything else: progress, notices, errors. */
  readonly err: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly folder: string;
  /** Milliseconds on a clock that never goes back. */
  readonly clock: () => number;
  /** Reads standard input to its end, as bytes. */
  readonly readInput: () => Promise<Uint8Array>;
};

export type Stream = {
  readonly write: (text: string) => void;
  readonly isTty: boolean;
  /** Columns of the window; 80 where there is none. */
  readonly columns: () => number;
};

export function processTerminal(): Terminal {
  return {
    out: streamOf(process.stdout),
    err: streamOf(process.stderr),
    env: process.env,
    folder: process.cwd(),
    clock: () => performance.now(),
    readInput: readStandardInput,
  };
}

/** Node's types promise a terminal where there may be a pipe or a file; some terminals do not tell their width. */
const streamOf = (stream: Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }): Stream => ({
  write: (text) => void stream.write(text),
  isTty: stream.isTTY === true,
  columns: () => (stream.columns === undefined || stream.columns === 0 ? 80 : stream.columns),
});

async function readStandardInput(): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts);
}

import type { FileContents, KeptFiles, OutgoingClient } from '../schemas/index.ts';

/** What http-request nodes are performed with. */
export type HttpDeps = {
  readonly outgoing: OutgoingClient;
  readonly files: FileContents;
  readonly keptFiles: KeptFiles;
  /** Bytes of an answer: that of a text, and that of a file. Defaults are Dify's: 1 MiB and 10 MiB. */
  readonly httpLimits: HttpLimits;
};
export type HttpLimits = { readonly maxTextBytes: number; readonly maxBinaryBytes: number };

/** What can be prepared for a request or not; `type` is Dify's name for the kind of error. */
export type Prepared<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly type: string; readonly message: string };
export const refused = (type: string, message: string): { readonly ok: false; readonly type: string; readonly message: string } => ({
  ok: false,
  type,
  message,
});

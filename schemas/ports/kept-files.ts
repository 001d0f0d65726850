/** Content of files that came to be in a run: what a request gave back, what a tool made. A file value names it by its URL. */
export type KeptFiles = {
  /** Keeps the bytes as long as the run. @returns `blob:` and the SHA-256 of the bytes in hexadecimal */
  keep(bytes: Uint8Array, of: { readonly runId: string }): Promise<string>;
  /** @returns undefined for a URL that names nothing kept */
  read(url: string): Promise<Uint8Array | undefined>;
};

export const KEPT_FILE_URL = /^blob:[0-9a-f]{64}$/;

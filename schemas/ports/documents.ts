/** A file that a run holds, by its attributes as Dify names them. Null where the file does not say. */
export type FileDescriptor = {
  readonly name: string | null;
  /** With its dot: ".pdf". */
  readonly extension: string | null;
  readonly mimeType: string | null;
  /** `remote_url`, `local_file`, `tool_file`, … */
  readonly transferMethod: string | null;
  /** Where its content is: http(s), or a data URL. */
  readonly url: string | null;
  /** Id of an uploaded file. */
  readonly relatedId: string | null;
};

export type FileContent =
  | { readonly ok: true; readonly bytes: Uint8Array; /** What the server said it is. */ readonly mimeType: string | null }
  | { readonly ok: false; readonly message: string; readonly type: string; readonly retryable: boolean };

/** Fetches what is in a file. Expected failures are values (one sentence); rejects only when aborted. */
export type FileContents = {
  read(file: FileDescriptor, options: { readonly signal: AbortSignal; readonly maxBytes: number }): Promise<FileContent>;
};

/** A file to be read as text. At least one of name, extension and mime type should be there; else its content tells what it is. */
export type DocumentBytes = Pick<FileDescriptor, 'name' | 'extension' | 'mimeType'> & { readonly bytes: Uint8Array };

export type DocumentText =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false;
      /** One sentence that names the file, its type and how to mend it. */
      readonly message: string;
      readonly type: 'UnsupportedFileTypeError' | 'TextExtractionError' | 'DocumentTooLargeError' | 'DocumentTimeoutError';
    };

/** Makes text of documents. Hostile ones must not harm the process: they end as a failure. Rejects only when aborted. */
export type DocumentReader = {
  readonly limits: DocumentLimits;
  read(document: DocumentBytes, options: { readonly signal: AbortSignal }): Promise<DocumentText>;
  close(): Promise<void>;
};

/** What is read of documents at most. The names are those of the settings, under `documents`. */
export type DocumentLimits = {
  /** Bytes of one file. */
  readonly maxFileBytes: number;
  /** Characters of the text of one node's documents together. */
  readonly maxTextLength: number;
  /** Pages of a PDF, slides, sheets. */
  readonly maxPages: number;
  /** Bytes that a packed file (docx, xlsx, …) may unpack to. */
  readonly maxUnpackedBytes: number;
  /** Milliseconds for one file. */
  readonly timeoutMs: number;
  /** Megabytes of memory of the thread that reads. */
  readonly memoryMb: number;
};

export const DEFAULT_DOCUMENT_LIMITS: DocumentLimits = {
  maxFileBytes: 15 * 1024 * 1024,
  maxTextLength: 400_000,
  maxPages: 2000,
  maxUnpackedBytes: 100 * 1024 * 1024,
  timeoutMs: 30_000,
  memoryMb: 256,
};

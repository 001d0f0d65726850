/** A row of escapes.json: some hostile code, and what must not come of it. */
export type Check = {
  readonly type: string;
  readonly forbid?: readonly string[];
  readonly re?: string;
  readonly ms?: number;
  readonly rss_mb?: number;
  readonly bytes?: number;
};
export type EscapeCase = {
  readonly name: string;
  readonly language: string;
  readonly code: string;
  readonly then_code?: string;
  readonly check: Check;
};

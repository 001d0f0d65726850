/** A node this version cannot run: reached, it fails with this sentence. */
export type UnsupportedConfig = { readonly reason: string };

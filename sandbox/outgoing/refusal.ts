/** Why a connection is not made, on its way through a library that knows only errors. */
export class Refusal extends Error {
  readonly address: string | null;
  /** What an operator could list so that it passes; null where that is of no use. */
  readonly listable: string | null;
  constructor(reason: string, { address, listable }: { readonly address: string | null; readonly listable: string | null }) {
    super(reason);
    this.name = 'Refusal';
    this.address = address;
    this.listable = listable;
  }
}

/** The refusal in an error, however deep it is wrapped. */
export function refusalIn(error: unknown): Refusal | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) if (at instanceof Refusal) return at;
  return undefined;
}

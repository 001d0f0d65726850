/** A source whose records workers decide. */
export type SourceName = { readonly workspaceId: string; readonly sourceId: string };
export type PartName = SourceName & { /** Of the source's lanes. */ readonly part: number };

/** What one turn at a part came to. */
export type PartTurn = {
  readonly decided: number;
  readonly failed: number;
  readonly superseded: number;
  /** Why records wait; null when they do not. */
  readonly held: string | null;
  /** The source is not to run any more. */
  readonly isOver: boolean;
};

/** May be performed more than once for one call: what one performance has decided is not decided again. */
export type SourceActivities = {
  /** Decides what is pending in one part, and waits for more, for as long as a turn lasts. */
  decidePart(name: PartName): Promise<PartTurn>;
};

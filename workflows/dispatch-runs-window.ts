import { addCounts, NO_RUNS, type Piece, type PieceResult, type RunCounts, type TroubledRun } from './batch-activities.ts';

/** Which part of a batch is dispatched, and how. Counted in places. */
export type DispatchRange = {
  readonly from: number;
  readonly to: number;
  /** Places of one activity. */
  readonly chunk: number;
  /** Activities at once. */
  readonly window: number;
};

/** How far it is; carried from one execution of the workflow to the next. */
export type DispatchState = {
  /** Where the next chunk begins. */
  readonly next: number;
  /** Pieces that were left in the middle: they go first. */
  readonly again: readonly Piece[];
  /** Pieces whose activities were ended early again and again. They come last and alone: nothing else is at risk, and the culprit shows. */
  readonly suspects: readonly Piece[];
  readonly counts: RunCounts;
  /** Runs that nobody could drive, at most `LISTED` of them. */
  readonly poisoned: readonly TroubledRun[];
  readonly startedAt: number;
};

const LISTED = 20;
/** A suspect is cut into so many at most. */
const PARTS = 8;

export const beginDispatch = ({ from }: DispatchRange, startedAt: number): DispatchState => ({
  next: from,
  again: [],
  suspects: [],
  counts: NO_RUNS,
  poisoned: [],
  startedAt,
});

/** `alone`: it is a suspect. */
export type Start = { readonly piece: Piece; readonly alone: boolean };

/** The next piece to work on while those under way go on, or undefined when none may start now. */
export function nextStart(
  range: DispatchRange,
  state: DispatchState,
  underWay: readonly Piece[],
): { readonly start: Start; readonly state: DispatchState } | undefined {
  if (underWay.length >= range.window) return undefined;
  const [piece, ...again] = state.again;
  if (piece !== undefined) return { start: { piece, alone: false }, state: { ...state, again } };
  if (state.next < range.to) {
    const to = Math.min(state.next + range.chunk, range.to);
    return { start: { piece: { home: state.next, from: state.next, to }, alone: false }, state: { ...state, next: to } };
  }
  const [suspect, ...suspects] = state.suspects;
  if (suspect === undefined || underWay.length > 0) return undefined;
  return { start: { piece: suspect, alone: true }, state: { ...state, suspects } };
}

/** Whether all runs of the range are over. */
export const isComplete = ({ to }: DispatchRange, { next, again, suspects }: DispatchState): boolean =>
  next >= to && again.length === 0 && suspects.length === 0;

/** What a piece led to. Only those that are done count; the others will be counted when they are. */
export function concludePiece(state: DispatchState, piece: Piece, result: PieceResult): DispatchState {
  if (result.status === 'left') return { ...state, again: [...state.again, piece] };
  if (result.status === 'cancelled') return { ...state, counts: addCounts(state.counts, result.counts) };
  const suspects = result.troubled.map(({ place }): Piece => ({ home: piece.home, from: place, to: place + 1 }));
  return { ...state, counts: addCounts(state.counts, result.counts), suspects: [...state.suspects, ...suspects] };
}

/** A piece that nothing was found out about goes first again, or stays a suspect. */
export const repeatPiece = (state: DispatchState, { piece, alone }: Start): DispatchState =>
  alone ? { ...state, suspects: [piece, ...state.suspects] } : { ...state, again: [...state.again, piece] };

/** A piece whose attempts were all ended early: tried once more when nothing else is under way, cut smaller each time. */
export function suspectPiece(state: DispatchState, { piece, alone }: Start): DispatchState {
  const parts = alone ? cut(piece) : [piece];
  return { ...state, suspects: [...parts, ...state.suspects] };
}

function cut({ home, from, to }: Piece): readonly Piece[] {
  const size = Math.ceil((to - from) / PARTS);
  return Array.from({ length: Math.ceil((to - from) / size) }, (_, i) => ({
    home,
    from: from + i * size,
    to: Math.min(from + (i + 1) * size, to),
  }));
}

/** One place is what a suspect is cut down to: its runs are given up. */
export const isPoisoned = ({ piece, alone }: Start): boolean => alone && piece.to - piece.from === 1;

export const concludePoisoned = (state: DispatchState, troubled: TroubledRun, counts: RunCounts): DispatchState => ({
  ...state,
  counts: addCounts(state.counts, counts),
  poisoned: [...state.poisoned, troubled].slice(0, LISTED),
});

/** A function to be minimised: returns its value at `x` and writes its gradient there into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export type MinimizeOptions = {
  /** Stop when the gradient's length is below this share of its length at the start of the first step. */
  readonly tolerance: number;
  readonly maxIterations: number;
};

const MEMORY = 8;
const SUFFICIENT_DECREASE = 1e-4;

/**
 * L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 7.4 and 7.5) with a backtracking line search, for smooth
 * convex functions. `x` is changed in place. No randomness and a fixed order of operations: equal input gives equal bits.
 *
 * @returns the number of iterations.
 */
export function minimize(objective: Objective, x: Float64Array, { tolerance, maxIterations }: MinimizeOptions): number {
  const n = x.length;
  let gradient = new Float64Array(n);
  let value = objective(x, gradient);
  const enough = tolerance * length(gradient);
  const history: Step[] = [];
  let candidate = new Float64Array(n);
  let nextGradient = new Float64Array(n);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const slopeLength = length(gradient);
    if (slopeLength <= enough || slopeLength === 0) return iteration;
    const direction = descentDirection(gradient, history);
    const slope = dot(gradient, direction);
    let step = history.length === 0 ? Math.min(1, 1 / slopeLength) : 1;
    let nextValue = Infinity;
    for (let attempt = 0; attempt < 30; attempt++, step /= 2) {
      for (let i = 0; i < n; i++) candidate[i] = (x[i] ?? 0) + step * (direction[i] ?? 0);
      nextValue = objective(candidate, nextGradient);
      if (nextValue <= value + SUFFICIENT_DECREASE * step * slope) break;
    }
    // No step lowers it any more: what is left is rounding.
    if (!(nextValue < value)) return iteration;
    remember(history, differenceOf(candidate, x), differenceOf(nextGradient, gradient));
    x.set(candidate);
    value = nextValue;
    [gradient, nextGradient] = [nextGradient, gradient];
    candidate = new Float64Array(n);
  }
  return maxIterations;
}

type Step = { readonly s: Float64Array; readonly y: Float64Array; readonly rho: number };

function remember(history: Step[], s: Float64Array, y: Float64Array): void {
  const curvature = dot(s, y);
  if (curvature <= 0) return;
  history.push({ s, y, rho: 1 / curvature });
  if (history.length > MEMORY) history.shift();
}

function descentDirection(gradient: Float64Array, history: readonly Step[]): Float64Array {
  const direction = gradient.map((slope) => -slope);
  const newestFirst = history.toReversed();
  const alphas = newestFirst.map(({ s, y, rho }) => {
    const alpha = rho * dot(s, direction);
    addScaled(direction, -alpha, y);
    return alpha;
  });
  const newest = newestFirst[0];
  if (newest !== undefined) scale(direction, 1 / (newest.rho * dot(newest.y, newest.y)));
  history.forEach(({ s, y, rho }, i) => {
    const beta = rho * dot(y, direction);
    addScaled(direction, (alphas[history.length - 1 - i] ?? 0) - beta, s);
  });
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

const length = (a: Float64Array): number => Math.sqrt(dot(a, a));

function addScaled(target: Float64Array, factor: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + factor * (source[i] ?? 0);
}

function scale(target: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) * factor;
}

const differenceOf = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value - (b[i] ?? 0));

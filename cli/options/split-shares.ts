import { RiskflowError } from '../../schemas/core.ts';

export type SplitArguments = { readonly address: string; readonly shares: Readonly<Record<string, number>> };

const EXAMPLE = 'for example: riskflow sample split reports --tune 0.3 --test 0.7';

/**
 * Reads what is left of the command line of `sample split` after its own options: the set, and `--NAME SHARE` or `--NAME=SHARE`
 * for every part.
 */
export function readSplitArguments(args: readonly string[]): SplitArguments {
  const addresses: string[] = [];
  const shares = new Map<string, number>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const option = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
    if (option?.[1] === undefined) {
      if (arg.startsWith('-')) throw new RiskflowError('usage', `unknown option "${arg}"`, { hint: EXAMPLE });
      addresses.push(arg);
      continue;
    }
    const name = option[1];
    const text = option[2] ?? args[++i];
    if (shares.has(name)) throw new RiskflowError('usage', `--${name} is given twice`, { hint: EXAMPLE });
    shares.set(name, readShare(name, text));
  }
  const [address, ...more] = addresses;
  if (address === undefined) throw new RiskflowError('usage', 'which sample set is to be split?', { hint: EXAMPLE });
  if (more.length > 0)
    throw new RiskflowError('usage', `only one sample set can be split at a time, not also "${more.join('", "')}"`, { hint: EXAMPLE });
  checkSum(shares);
  return { address, shares: Object.fromEntries(shares) };
}

function readShare(name: string, text: string | undefined): number {
  if (text === undefined) throw new RiskflowError('usage', `--${name} needs a share, a number between 0 and 1`, { hint: EXAMPLE });
  const share = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (share > 0 && share <= 1) return share;
  throw new RiskflowError('usage', `--${name} ${text}: a share is a number above 0 and at most 1`, { hint: EXAMPLE });
}

function checkSum(shares: ReadonlyMap<string, number>): void {
  if (shares.size === 0) throw new RiskflowError('usage', 'into which parts, and with what shares?', { hint: EXAMPLE });
  const sum = [...shares.values()].reduce((a, b) => a + b, 0);
  if (sum > 1 + 1e-9)
    throw new RiskflowError('usage', `the shares add up to ${Number(sum.toFixed(6))}, which is more than 1`, { hint: EXAMPLE });
}

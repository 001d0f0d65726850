import { ok, problem, warning, type Judgement } from './finding.ts';

/** Leases end 10 s after their owner's last sign of life, by the clock of whoever looks. */
const WORRYING_MS = 1_000;
const DANGEROUS_MS = 5_000;

/** @param aheadMs how far a server's clock is before ours; negative when it is behind */
export function judgeClock(aheadMs: number, remedyFor: string): Judgement {
  const off = Math.abs(aheadMs);
  const text = `${remedyFor} is ${(off / 1000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine`;
  const remedy = 'let both machines keep time by NTP (timedatectl set-ntp true)';
  if (off >= DANGEROUS_MS) return problem('clock', text, remedy);
  return off >= WORRYING_MS ? warning('clock', text, remedy) : ok('clock', `within ${Math.max(1, Math.round(off))} ms of this machine`);
}

import type { OutgoingAudit } from '../../schemas/index.ts';

/** What the guard did, as a line of the log. */
export function auditLine({ verdict, purpose, method, url, address, reason, hop }: OutgoingAudit): string {
  const where = address === null ? url : `${url} (${address})`;
  const after = hop === 0 ? '' : ` after ${hop} ${hop === 1 ? 'redirect' : 'redirects'}`;
  return `outgoing request ${verdict}: ${method} ${where}${after} for ${purpose}: ${reason}`;
}

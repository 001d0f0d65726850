import { StackFailure } from './failure.ts';
import type { Ports } from './ports.ts';

/** The environment variable that fixes a port, e.g. `RISKFLOW_STACK_PORT_TEMPORAL`, or `…_TEMPORAL_UI` for one beside the main one. */
export function portSetting(server: string, purpose: string): string {
  const parts = purpose === 'server' ? [server] : [server, purpose];
  return ['RISKFLOW_STACK_PORT', ...parts].join('_').toUpperCase();
}

/** The ports of a server that the environment fixes; an empty value counts as unset. Throws StackFailure for what is no port. */
export function fixedPorts(server: string, purposes: readonly string[], environment: NodeJS.ProcessEnv): Ports {
  const fixed: Record<string, number> = {};
  for (const purpose of purposes) {
    const setting = portSetting(server, purpose);
    const text = environment[setting]?.trim() ?? '';
    if (text === '') continue;
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535) throw new StackFailure(`${setting} is "${text}", which is no port: it goes from 1 to 65535`);
    fixed[purpose] = port;
  }
  return fixed;
}

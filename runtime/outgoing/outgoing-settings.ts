import type { HttpLimits } from '../../activities/index.ts';
import { readHostAndPort, RiskflowError, type Config, type HostAndPort } from '../../schemas/index.ts';
import { valueOf, type Attempt, type Environment } from '../configuration/attempt.ts';

/** What requests of flows, tools and users may reach. */
export type OutgoingSettings = {
  readonly allow: readonly HostAndPort[];
  /** Undefined: the usual ones. */
  readonly ports: readonly number[] | undefined;
  readonly limits: HttpLimits;
};

const VARIABLE = 'RISKFLOW_OUTGOING_ALLOW';
/** As in Dify's Docker. */
export const DEFAULT_HTTP_LIMITS: HttpLimits = { maxTextBytes: 1024 * 1024, maxBinaryBytes: 10 * 1024 * 1024 };

type Surroundings = { readonly environment: Environment; readonly config: Config; readonly attempt: Attempt };

/** RISKFLOW_OUTGOING_ALLOW, else `outgoing.allow`; the rest is of the configuration. */
export function outgoingSettings({ environment, config, attempt }: Surroundings): OutgoingSettings {
  const { allow = [], ports, maxTextBytes, maxBinaryBytes } = config.outgoing ?? {};
  const given = valueOf(environment, VARIABLE);
  const places = given === undefined ? allow : given.split(',').map((place) => place.trim());
  return {
    allow: attempt(VARIABLE, () => places.filter((place) => place !== '').map(readPlace)) ?? [],
    ports,
    limits: {
      maxTextBytes: maxTextBytes ?? DEFAULT_HTTP_LIMITS.maxTextBytes,
      maxBinaryBytes: maxBinaryBytes ?? DEFAULT_HTTP_LIMITS.maxBinaryBytes,
    },
  };
}

function readPlace(text: string): HostAndPort {
  const place = readHostAndPort(text);
  if (place !== undefined) return place;
  throw new RiskflowError('usage', `${VARIABLE} holds "${text}", which is not host:port`, {
    hint: 'write names or addresses with their ports and commas between, such as models.internal:8000,[fd00::5]:443',
  });
}

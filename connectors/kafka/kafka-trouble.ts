import { ErrorCode, RiskflowError, messageOf, type KafkaClusterSettings } from '../../schemas/index.ts';

/** An error and what caused it, the outermost first. */
function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let at = error; at instanceof Error && !chain.includes(at); at = at.cause) chain.push(at);
  return chain;
}

const textField = (error: Error, name: 'type' | 'code'): string => {
  const value: unknown = Object.entries(error).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value : '';
};

/** The protocol's names of what went wrong, such as REBALANCE_IN_PROGRESS, in an error and its causes. */
export const typesOf = (error: unknown): readonly string[] =>
  chainOf(error)
    .map((one) => textField(one, 'type'))
    .filter((type) => type !== '');

/** Errors after which a member has to join its group again; kafkajs does it when they are thrown. */
export const asksToRejoin = (error: unknown): boolean =>
  typesOf(error).some((type) =>
    ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'NOT_COORDINATOR_FOR_GROUP'].includes(type),
  );

const TLS_CODES =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|ERR_SSL_|HOSTNAME_MISMATCH)/;

/** What does not pass by itself, as an error that tells the person at the keyboard what to change; undefined for what may pass. */
export function lastingTrouble(error: unknown, settings: KafkaClusterSettings): RiskflowError | undefined {
  const where = `Kafka at ${settings.brokers.join(', ')}`;
  for (const one of chainOf(error)) {
    const found =
      saslTrouble(one, settings, where) ?? tlsTrouble(one, where) ?? rightsTrouble(one, settings, where) ?? codecTrouble(one, where);
    if (found !== undefined) return new RiskflowError(found.code ?? ErrorCode.usage, found.message, { hint: found.hint, cause: error });
  }
  return undefined;
}

type Told = { readonly message: string; readonly hint: string; readonly code?: ErrorCode };

function saslTrouble(error: Error, { sasl }: KafkaClusterSettings, where: string): Told | undefined {
  const type = textField(error, 'type');
  if (error.name !== 'KafkaJSSASLAuthenticationError' && type !== 'SASL_AUTHENTICATION_FAILED' && type !== 'UNSUPPORTED_SASL_MECHANISM')
    return undefined;
  if (sasl === undefined)
    return {
      message: `${where} asks for a user and a password`,
      hint: 'set sasl with mechanism, username and passwordEnv or passwordFile',
    };
  const mechanism = sasl.mechanism.toUpperCase();
  if (type === 'UNSUPPORTED_SASL_MECHANISM' || /not (?:enabled|supported)/i.test(error.message)) {
    return {
      message: `${where} does not take ${mechanism}: ${error.message}`,
      hint: 'set sasl.mechanism to one that the broker has enabled',
    };
  }
  const secret = sasl.passwordEnv === undefined ? `the file ${sasl.passwordFile ?? ''}` : `the variable ${sasl.passwordEnv}`;
  return {
    message: `${where} refused user "${sasl.username}" with ${mechanism}: ${error.message}`,
    hint: `check sasl.username, sasl.mechanism, and that ${secret} holds the password`,
  };
}

function tlsTrouble(error: Error, where: string): Told | undefined {
  if (!TLS_CODES.test(textField(error, 'code'))) return undefined;
  const hint =
    'set tls.ca to the authority that signed the brokers, and tls.serverName where the certificate has another name than the address';
  return {
    message: `no TLS connection to ${where}: ${messageOf(error)
      .replace(/^Connection error: /, '')
      .replace(/;.*$/, '')}`,
    hint,
  };
}

function rightsTrouble(error: Error, { sasl }: KafkaClusterSettings, where: string): Told | undefined {
  const type = textField(error, 'type');
  if (!type.endsWith('_AUTHORIZATION_FAILED')) return undefined;
  const who = sasl === undefined ? 'an unnamed user' : `user "${sasl.username}"`;
  return {
    message: `${where} does not let ${who} do that: ${error.message}`,
    hint: 'the user needs the rights to read and describe the topics and the consumer group, or to write to the topic',
  };
}

function codecTrouble(error: Error, where: string): Told | undefined {
  if (error.name !== 'KafkaJSNotImplemented') return undefined;
  return {
    code: ErrorCode.unsupported,
    message: `${where} holds records that cannot be read: ${error.message}`,
    hint: 'they are in a form that the Kafka client does not know: write them anew with a current client',
  };
}

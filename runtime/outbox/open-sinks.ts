import { createWebhookSink, openKafkaSink } from '../../connectors/index.ts';
import {
  avroValueOf,
  outgoingSchemas,
  type JsonObject,
  type KafkaSinkSettings,
  type OutgoingClient,
  type Sink,
  type WebhookSinkSettings,
} from '../../schemas/index.ts';
import { referencedPassword, referencedTls, referencedVariable, type SecretPlace } from '../streams/referenced-secrets.ts';
import { webhookPost } from '../outgoing/webhook-post.ts';
import type { OpenSink } from './relay-types.ts';

export type SinkSurroundings = SecretPlace & {
  /** What webhooks leave by. */
  readonly outgoing: OutgoingClient;
  /** Told what a client says that a person should know. */
  readonly onNotice: (sentence: string) => void;
};

/**
 * Opens sinks as they are set, with the secrets that their settings name; connects to nothing yet.
 * @throws RiskflowError `missing_key` or `usage` that names what is missing
 */
export const openSinks =
  (surroundings: SinkSurroundings): OpenSink =>
  async (name, settings) =>
    settings.kind === 'webhook' ? openWebhook(name, settings, surroundings) : openTopic(name, settings, surroundings);

function openWebhook(name: string, settings: WebhookSinkSettings, { environment, outgoing }: SinkSurroundings): Sink {
  const { url, secretEnv, previousSecretEnv, timeoutMs } = settings;
  const secret = (setting: string, variable: string) => {
    const path = `sinks.${name}.${setting}`;
    return { name: `${variable} (${path})`, value: referencedVariable(environment, path, variable) };
  };
  const previous = previousSecretEnv === undefined ? [] : [secret('previousSecretEnv', previousSecretEnv)];
  const { post, close } = webhookPost(outgoing, { url, purpose: `sinks.${name}` });
  return { ...createWebhookSink({ url, secrets: [secret('secretEnv', secretEnv), ...previous], timeoutMs, post }), close };
}

async function openTopic(name: string, settings: KafkaSinkSettings, { onNotice, ...place }: SinkSurroundings): Promise<Sink> {
  const { format, sasl, tls } = settings;
  const at = `sinks.${name}`;
  const registry = format.kind === 'avro' ? format.registry : undefined;
  const sink = await openKafkaSink(settings, {
    secrets: { password: referencedPassword(place, `${at}.sasl`, sasl ?? {}), tls: referencedTls(place, at, tls) },
    registry: registry && {
      password: referencedPassword(place, `${at}.format.registry`, registry),
      tls: referencedTls(place, `${at}.format.registry`, registry.tls),
    },
    schemas: { decision: asJson(outgoingSchemas.decision), alert: asJson(outgoingSchemas.alert) },
    onLog: ({ level, message }) => {
      if (level === 'error' || level === 'warn') onNotice(`${at}: ${message}`);
    },
  });
  return registry === undefined ? sink : asAvro(sink);
}

/** The bodies of messages as values of their schemas. */
const asAvro = (sink: Sink): Sink => ({
  ...sink,
  send: (messages, signal) => {
    const values = messages.map((message) => ({ ...message, body: avroValueOf(message.type, message.body) }));
    return sink.send(values, signal);
  },
});

const asJson = (schema: (typeof outgoingSchemas)['decision']): JsonObject => JSON.parse(JSON.stringify(schema)) as JsonObject;

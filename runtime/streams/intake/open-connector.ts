import type { Readable } from 'node:stream';
import {
  createDirectoryConnector,
  createFileConnector,
  createMysqlConnector,
  createStandardInputConnector,
  openKafkaConnector,
  type KafkaConnectorDeps,
  type RegistrySecrets,
} from '../../../connectors/index.ts';
import {
  RiskflowError,
  type ConnectorSettings,
  type KafkaConnectorSettings,
  type RegistrySettings,
  type SourceConnector,
} from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { referencedPassword, referencedTls, type SecretPlace } from '../referenced-secrets.ts';
import type { SourceState } from '../source-state.ts';

/** What connectors take from the process. */
export type ConnectorInputs = {
  readonly input?: Readable;
  readonly onLog?: (sentence: string) => void;
};

/** `follow`: whether a source with an end is to be read beyond it, as its settings say. */
export type OpenConnectorOptions = ConnectorInputs & { readonly follow: boolean };

/** Opens the connector of a source, with the secrets that its settings name. @throws RiskflowError that names what is missing */
export async function openConnector(
  context: Pick<Context, 'settings'>,
  { sourceId, settings }: Pick<SourceState, 'sourceId' | 'settings'>,
  options: OpenConnectorOptions,
): Promise<SourceConnector> {
  const { connector } = settings;
  const place: SecretPlace = { environment: context.settings.environment, folder: process.cwd() };
  switch (connector.kind) {
    case 'kafka':
      return openKafkaConnector(connector, kafkaDeps(place, { name: sourceId, settings: connector, onLog: options.onLog }));
    case 'file':
      return createFileConnector(followed(connector, options));
    case 'directory':
      return createDirectoryConnector(followed(connector, options));
    case 'mysql':
      return createMysqlConnector(followed(connector, options), {
        secrets: { password: referencedPassword(place, 'connector', connector), tls: referencedTls(place, 'connector', connector.tls) },
      });
    case 'stdin':
      if (options.input !== undefined) return createStandardInputConnector(connector, { input: options.input });
      throw new RiskflowError('usage', `source "${sourceId}" reads standard input, and there is none here`, {
        hint: `pipe it in: cat FILE | riskflow source start ${sourceId}`,
      });
    case 'push':
      throw new RiskflowError('internal', `source "${sourceId}" is pushed to, and not read`);
  }
}

const followed = <C extends ConnectorSettings & { readonly follow: boolean }>(connector: C, { follow }: OpenConnectorOptions): C => ({
  ...connector,
  follow: connector.follow && follow,
});

function kafkaDeps(
  place: SecretPlace,
  { name, settings, onLog }: { readonly name: string; readonly settings: KafkaConnectorSettings; readonly onLog: ConnectorInputs['onLog'] },
): KafkaConnectorDeps {
  const { format, sasl, tls } = settings;
  return {
    name,
    secrets: { password: referencedPassword(place, 'connector.sasl', sasl ?? {}), tls: referencedTls(place, 'connector', tls) },
    ...(format.kind === 'registry' ? { registry: registrySecrets(place, format.registry) } : {}),
    onLog: ({ level, message }) => {
      if (level === 'warn' || level === 'error') onLog?.(message);
    },
  };
}

/** What the settings of a registry only refer to. */
export const registrySecrets = (place: SecretPlace, registry: RegistrySettings): RegistrySecrets => ({
  password: referencedPassword(place, 'connector.format.registry', registry),
  tls: referencedTls(place, 'connector.format.registry', registry.tls),
});

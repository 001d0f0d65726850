import type { ConnectorSettings, FieldExpression } from '../../schemas/core.ts';
import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const sourcesTable = defineTable({
  name: 'sources',
  columns: {
    workspace_id: workspaceId,
    source_id: id(190),
    kind: id(64),
    location: text,
    flow: id(190),
    flow_version: nullable(id(64)),
    key_field: nullable(text),
    query_field: nullable(text),
    input_map: text,
    on_duplicate_key: id(32),
    incarnation: integer,
  },
  primaryKey: ['workspace_id', 'source_id'],
});

/** A source begins with this incarnation of its log. */
const FIRST_INCARNATION = 1;

const fieldOf = (expression: FieldExpression | undefined): string | null => (typeof expression === 'string' ? expression : null);

/** `ndjson-file` for a file of lines of JSON, else what the settings call it. */
const kindOf = (connector: ConnectorSettings): string => (connector.kind === 'file' ? `${connector.format ?? 'any'}-file` : connector.kind);

/** Where it reads, in a few words. */
function locationOf(connector: ConnectorSettings): string {
  switch (connector.kind) {
    case 'kafka':
      return `${connector.topics.join(', ')} on ${connector.brokers.join(', ')}`;
    case 'mysql':
      return connector.url;
    case 'file':
    case 'directory':
      return connector.path;
    case 'stdin':
      return 'standard input';
    case 'push':
      return 'HTTP push';
  }
}

export const sources = defineProjection({
  name: 'sources',
  log: 'ledger',
  table: sourcesTable,
  on: {
    SourceCreated: ({ sourceId, settings, flow, flowVersion }) => [
      {
        put: {
          source_id: sourceId,
          kind: kindOf(settings.connector),
          location: locationOf(settings.connector),
          flow,
          flow_version: flowVersion,
          // Nobody reads these any more. They are what the first release made of its sources, whose rows stay as they are.
          key_field: fieldOf(settings.record.key),
          query_field: fieldOf(settings.record.query),
          input_map: JSON.stringify(settings.record.inputs),
          on_duplicate_key: settings.onDuplicateKey,
          incarnation: FIRST_INCARNATION,
        },
      },
    ],
    SourceIncarnationRaised: ({ sourceId, incarnation }) => [
      {
        key: sourceId,
        change: (before) => (before === undefined ? undefined : { ...before, incarnation: Math.max(before.incarnation, incarnation) }),
      },
    ],
  },
});

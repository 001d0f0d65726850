import { defineTable, id, integer, nullable, text, workspaceId } from '../tables/table-spec.ts';
import { defineProjection } from './projection.ts';

export const deadDeliveriesTable = defineTable({
  name: 'dead_deliveries',
  columns: {
    workspace_id: workspaceId,
    delivery_id: id(255),
    sink: id(190),
    n: integer,
    part: integer,
    message_id: id(255),
    reason: text,
    gave_up: integer,
    refused_at: integer,
    redelivered_at: nullable(integer),
    is_dead: integer,
  },
  primaryKey: ['workspace_id', 'delivery_id'],
  indexes: [['workspace_id', 'sink', 'is_dead', 'n']],
});

const deliveryId = ({ sink, n }: { readonly sink: string; readonly n: number }): string => `${n}/${sink}`;

/** Messages that a sink was not given for good; `n` is the place in the ledger of what each tells. One that was refused again is dead again. */
export const deadDeliveries = defineProjection({
  name: 'dead_deliveries',
  log: 'ledger',
  table: deadDeliveriesTable,
  on: {
    DeliveryRefused: (data) => [
      {
        put: {
          delivery_id: deliveryId(data),
          sink: data.sink,
          n: data.n,
          part: data.part,
          message_id: data.messageId,
          reason: data.reason,
          gave_up: data.gaveUp ? 1 : 0,
          refused_at: data.at,
          redelivered_at: null,
          is_dead: 1,
        },
      },
    ],
    DeliveryRedelivered: (data) => [
      {
        key: deliveryId(data),
        change: (before) => (before === undefined ? undefined : { ...before, redelivered_at: data.at, is_dead: 0 }),
      },
    ],
  },
});

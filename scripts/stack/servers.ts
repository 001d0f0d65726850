import type { Server } from './server.ts';
import { kafka } from './servers/kafka.ts';
import { mariadb } from './servers/mariadb.ts';
import { milvus } from './servers/milvus.ts';
import { mysql } from './servers/mysql.ts';
import { prometheus } from './servers/prometheus.ts';
import { registry } from './servers/registry.ts';
import { temporal } from './servers/temporal.ts';

/** Every server of the stack, in the order in which they are shown. A new one is a file in `servers/` and a line here. */
export const SERVERS: readonly Server[] = [temporal, mysql, mariadb, kafka, registry, milvus, prometheus];

import type { Server } from './server.ts';
import { mysql } from './servers/mysql.ts';
import { temporal } from './servers/temporal.ts';

/** Every server of the stack, in the order in which they are shown. A new one is a file in `servers/` and a line here. */
export const SERVERS: readonly Server[] = [temporal, mysql];

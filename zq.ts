import { createConnection } from 'mysql2/promise';
const c = await createConnection(process.env.RISKFLOW_TEST_MYSQL_URL!);
if (process.argv[2] === 'reset') await c.query('truncate performance_schema.events_statements_summary_by_digest');
else { const [r] = await c.query("select left(digest_text,110) t, count_star n, round(sum_timer_wait/1e9) ms, round(avg_timer_wait/1e9,2) avg, round(sum_lock_time/1e9) lock_ms from performance_schema.events_statements_summary_by_digest order by sum_timer_wait desc limit 16"); for (const x of r as any[]) console.log(x.n, x.ms, x.avg, x.lock_ms, x.t); }
await c.end();

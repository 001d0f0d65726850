import { ok, problem, warning, type Judgement } from '../finding.ts';

/** What running needs; read models are made again in temporary tables. */
const RUNNING: readonly string[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE TEMPORARY TABLES'];
/** What only `migrate` and `restore` need, which may be done as another user. */
const CHANGING: readonly string[] = ['CREATE', 'ALTER', 'DROP', 'INDEX'];

type Asked = { readonly grants: readonly string[]; readonly database: string; readonly user: string };

/** From what `show grants` prints. Rights that come by a role are not in it. */
export function judgeRights({ grants, database, user }: Asked): Judgement {
  const given = new Set(grants.flatMap((grant) => rightsIn(grant, database)));
  const lacks = (names: readonly string[]): readonly string[] => names.filter((name) => !given.has(name) && !given.has('ALL PRIVILEGES'));
  const account = `'${user.split('@')[0]}'@'${user.split('@')[1] ?? '%'}'`;
  const remedy = (names: readonly string[]): string => `GRANT ${names.join(', ')} ON \`${database}\`.* TO ${account}`;
  const missing = lacks(RUNNING);
  if (missing.length > 0) {
    const byRole = grants.some((grant) => !/ ON /.test(grant) && /^GRANT .+ TO /.test(grant));
    const text = `${user} lacks ${missing.join(', ')} on ${database}`;
    const all = remedy([...missing, ...lacks(CHANGING)]);
    return byRole ? warning('rights', `${text}, unless its roles have them`, all) : problem('rights', text, all);
  }
  const unwanted = lacks(CHANGING);
  if (unwanted.length > 0) {
    const text = `${user} lacks ${unwanted.join(', ')} on ${database}, which riskflow migrate and restore need`;
    return warning('rights', text, `run these as a user that has them, or ${remedy(unwanted)}`);
  }
  return ok('rights', `${user} may do all that is needed on ${database}`);
}

function rightsIn(grant: string, database: string): readonly string[] {
  const [, rights = '', scope = ''] = /^GRANT (.+?) ON (.+?) TO /.exec(grant) ?? [];
  return covers(scope, database) ? rights.split(',').map((right) => right.trim().toUpperCase()) : [];
}

/** `*.*`, or a pattern of databases: % and _ stand for anything, unless a backslash is before them. */
function covers(scope: string, database: string): boolean {
  if (scope === '*.*') return true;
  const [, pattern] = /^[`'"](.+)[`'"]\.\*$/.exec(scope) ?? [];
  if (pattern === undefined) return false;
  const parts = pattern.match(/\\.|[^\\]/gs) ?? [];
  const source = parts.map((part) => (part === '%' ? '.*' : part === '_' ? '.' : RegExp.escape(part.replace(/^\\/, ''))));
  return new RegExp(`^${source.join('')}$`, 's').test(database);
}

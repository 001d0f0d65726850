import { ok, problem, warning, type Judgement } from '../finding.ts';

/** What running and migrating need. */
const NEEDED: readonly string[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'ALTER', 'DROP', 'INDEX'];
/** What a consistent copy of the tables needs. */
const WANTED: readonly string[] = ['LOCK TABLES'];

type Asked = { readonly grants: readonly string[]; readonly database: string; readonly user: string };

/** From what `show grants` prints. Rights that come by a role are not in it. */
export function judgeRights({ grants, database, user }: Asked): Judgement {
  const given = new Set(grants.flatMap((grant) => rightsIn(grant, database)));
  const lacks = (names: readonly string[]): readonly string[] => names.filter((name) => !given.has(name) && !given.has('ALL PRIVILEGES'));
  const account = `'${user.split('@')[0]}'@'${user.split('@')[1] ?? '%'}'`;
  const remedy = (names: readonly string[]): string => `GRANT ${names.join(', ')} ON \`${database}\`.* TO ${account}`;
  const missing = lacks(NEEDED);
  if (missing.length > 0) {
    const byRole = grants.some((grant) => !/ ON /.test(grant) && /^GRANT .+ TO /.test(grant));
    const text = `${user} lacks ${missing.join(', ')} on ${database}`;
    return byRole ? warning('rights', `${text}, unless its roles have them`, remedy(missing)) : problem('rights', text, remedy(missing));
  }
  const unwanted = lacks(WANTED);
  if (unwanted.length > 0)
    return warning('rights', `${user} lacks ${unwanted.join(', ')} on ${database}, which backups need`, remedy(unwanted));
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

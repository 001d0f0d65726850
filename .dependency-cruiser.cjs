/**
 * Who may import whom: the table in scripts/rooms.ts as rules. `npm run check -- --only layers` runs them, together with
 * .dependency-cruiser.runtime.cjs, and fails when it saw fewer modules than the rooms hold.
 *
 * The rules see every import, `import type` included. Tests inside a room use Node, packages and the room's insides freely; a test that
 * crosses rooms in a way that the table does not allow belongs into tests/. Each rule has a planted violation in tests/layers.test.ts.
 */
const { leaves, rooms } = require('./scripts/rooms.ts');

const either = (names) => `(?:${names.map((name) => name.replaceAll('.', '\\.').replaceAll('*', '[^/]+')).join('|')})`;
const packages = (names) => `(?:^|/)node_modules/${either(names)}(?:/|$)`;

const anyPackage = '(?:^|/)node_modules/';
const anyRoom = `^${either(Object.keys(rooms))}/`;
const entry = `^${either(Object.keys(rooms))}/(?:index|core)\\.ts$`;
const test = '\\.(?:test|contract)\\.ts$';
const asType = ['type-only', 'type-import'];

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const only = (names, none) => (names.length === 0 ? none : `only ${names.join(', ')}`);

const rulesOfRoom = ([name, room]) => [
  rule(
    `${name}-rooms`,
    `Of the other folders, ${name}/ may import ${only(room.rooms, 'none')}.`,
    { path: `^${name}/` },
    { pathNot: [`^${either([name, ...room.rooms])}/`, anyPackage], dependencyTypesNot: ['core', 'unknown'] },
  ),
  ...(room.packages === undefined
    ? []
    : [
        rule(
          `${name}-packages`,
          `Of npm, ${name}/ may import ${only(room.packages, 'nothing')}.`,
          { path: `^${name}/`, pathNot: test },
          { path: anyPackage, ...(room.packages.length === 0 ? {} : { pathNot: packages(room.packages) }) },
        ),
      ]),
  ...(room.node === false
    ? [rule(`${name}-no-node`, `${name}/ uses nothing of Node.`, { path: `^${name}/`, pathNot: test }, { dependencyTypes: ['core'] })]
    : []),
];

const forbidden = [
  ...Object.entries(rooms).flatMap(rulesOfRoom),
  rule(
    'yaml-only-in-flow-import',
    'Only the import of a DSL file reads YAML; the interpreter must not carry it.',
    { path: '^flow/', pathNot: ['^flow/import/', test] },
    { path: packages(['yaml']) },
  ),
  rule(
    'workflows-only-core',
    'Of schemas, flow and evaluation only core.ts enters the Temporal bundle.',
    { path: '^workflows/', pathNot: test },
    { path: '^(?:schemas|flow|evaluation)/', pathNot: '^[^/]+/core\\.ts$' },
  ),
  rule(
    'workflows-see-activities-as-types',
    'Workflow code names activities and never holds them: use import type.',
    { path: '^workflows/', pathNot: test },
    { path: '^activities/', dependencyTypesNot: asType },
  ),
  rule(
    'entries-only',
    'From outside of a room only its entries (index.ts, core.ts) are imported; tests/ and bench/ may look inside.',
    { path: '^([^/]+)/', pathNot: '^(?:tests|bench)/' },
    { path: anyRoom, pathNot: ['^$1/', entry] },
  ),
  rule(
    'leaves-stay-leaves',
    `Nobody but tests/ and bench/ imports ${leaves.join(', ')}.`,
    { path: '^([^/]+)', pathNot: '^(?:tests|bench)/' },
    { path: `^${either(leaves)}/`, pathNot: '^$1/' },
  ),
  rule('no-cycles', 'Modules that import each other in a circle; types count too.', {}, { circular: true }),
  rule('no-unresolvable', 'The import leads nowhere: a wrong path, or a package that is not installed.', {}, { couldNotResolve: true }),
  rule(
    'no-undeclared-packages',
    'The package is there by chance: package.json does not name it.',
    {},
    { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  ),
  rule(
    'no-dev-packages-in-rooms',
    'A package of devDependencies is missing where Riskflow is installed for use.',
    { path: anyRoom, pathNot: test },
    { dependencyTypes: ['npm-dev'], dependencyTypesNot: asType },
  ),
  rule(
    'test-tools-only-in-tests',
    'vitest and fast-check are for *.test.ts, *.contract.ts and tests/.',
    { pathNot: [test, '^tests/', '^vitest\\.config\\.ts$'] },
    { path: packages(['vitest', '@vitest/*', 'fast-check']) },
  ),
  rule('tests-only-from-tests', 'The program imports no test.', { pathNot: [test, '^tests/'] }, { path: test }),
];

module.exports = {
  forbidden,
  options: {
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    doNotFollow: { path: anyPackage },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

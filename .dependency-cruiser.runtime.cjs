/**
 * What is really loaded: the second half of .dependency-cruiser.cjs, over the graph that is left when types are stripped
 * (`reachable` rules cannot tell an `import type` from an import).
 */
const { options } = require('./.dependency-cruiser.cjs');

/** zod checks data at the edge, yaml reads DSL files, the others run regexes. */
const heavy = '(?:^|/)node_modules/(?:zod|yaml|re2js|re2|re2-wasm)(?:/|$)';

module.exports = {
  forbidden: [
    {
      name: 'core-stays-light',
      comment: 'core.ts of schemas, flow and evaluation enters the Temporal bundle: no zod, yaml or regex engine, however far away.',
      severity: 'error',
      from: { path: '^(?:schemas|flow|evaluation)/core\\.ts$' },
      to: { path: heavy, reachable: true },
    },
    {
      name: 'workflows-stay-light',
      comment: 'The Temporal bundle holds no zod, yaml or regex engine.',
      severity: 'error',
      from: { path: '^workflows/', pathNot: '\\.(?:test|contract)\\.ts$' },
      to: { path: heavy, reachable: true },
    },
  ],
  options: { ...options, tsPreCompilationDeps: false },
};

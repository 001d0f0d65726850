import { describe, expect, it } from 'vitest';
import { inspectFlow } from '../../../flow/index.ts';
import type { PythonChoice } from '../../../sandbox/index.ts';
import { metBy } from './known-imports.ts';

const set = { hash: 'h', folder: '/f', tag: 't', packages: [{ name: 'scikit-learn', version: '1.0' }], imports: ['sklearn', 'numpy'] };
const interpreter = {
  command: 'python3',
  path: '/p',
  version: '3.11.7',
  tag: 't',
  standardLibrary: '/l',
  libraryFolder: 'lib',
  sharedLibrary: null,
  standardModules: ['tkinter'],
};
const strong: PythonChoice = {
  setting: 'auto',
  obstacle: null,
  backend: { kind: 'bubblewrap', bubblewrap: '/b', interpreter, packages: '/f', set },
};
const small: PythonChoice = {
  setting: 'auto',
  obstacle: null,
  backend: { kind: 'pyodide', version: '1', folder: '/p', bubblewrap: null },
};

describe('warnings about imports', () => {
  const flow = {
    app: { mode: 'workflow', name: 'f' },
    kind: 'app',
    version: '0.6.0',
    workflow: {
      graph: {
        edges: [{ source: 'start', sourceHandle: 'source', target: 'code' }],
        nodes: [
          { id: 'start', data: { title: 'Start', type: 'start', variables: [] } },
          {
            id: 'code',
            data: {
              title: 'Code',
              type: 'code',
              code_language: 'python3',
              code: 'import sklearn.svm, numpy, pandas\nimport tkinter, socket\ndef main(): return {}',
              variables: [],
              outputs: {},
            },
          },
        ],
      },
    },
  };
  // JSON is YAML.
  const warnings = inspectFlow(JSON.stringify(flow), {})
    .issues.filter(({ nodeId }) => nodeId === 'code')
    .map(({ message }) => message);

  it('that hold on the backend in force are left', () => {
    const left = warnings.filter((warning) => !metBy(strong)(warning));
    expect(left.map((warning) => /imports (\w+)/.exec(warning)?.[1])).toEqual(['pandas', 'socket']);
  });

  it('are all left on the small backend', () => {
    expect(warnings.filter(metBy(small))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { objectOf, type SecretRef, type Value } from '../../../schemas/core.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import { compileTool } from './compile.ts';
import { startTool } from './start.ts';

type Data = Readonly<Record<string, YamlPlain>>;
const base = { type: 'tool', title: 'T', provider_id: 'time', provider_type: 'builtin', provider_name: 'time', tool_name: 'weekday' };
const SECRET: SecretRef = { secret: 'KEY', version: '1' };
const POOL: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['start.n', 5],
  ['start.text', 'x\ufdd0y'],
  ['env.KEY', SECRET],
  ['start.list', [1, objectOf([['k', SECRET]])]],
]);
const lookup = (selector: readonly string[]): Value | undefined => POOL.get(selector.join('.'));

function start(data: Data, callDepth?: number): unknown {
  const compiled = compileTool({ ...base, ...data });
  if (!compiled.ok) return compiled.message;
  if (compiled.behaviour.kind !== 'tool') return compiled.behaviour.kind;
  const outcome = startTool(compiled.behaviour.config, { lookup, modelMap: {}, ...(callDepth === undefined ? {} : { callDepth }) });
  return outcome.kind === 'effect' && outcome.request.kind === 'tool'
    ? { arguments: outcome.request.arguments, secrets: outcome.secrets.length, depth: outcome.request.depth }
    : outcome.kind === 'failed'
      ? outcome.error.message
      : outcome.kind;
}

describe('the arguments of a tool', () => {
  it.each<readonly [string, Data, unknown]>([
    ['are rendered', { tool_parameters: { year: { type: 'mixed', value: 'y{{#start.n#}}' } } }, { year: 'y5' }],
    ['keep the type of a variable', { tool_parameters: { year: { type: 'variable', value: ['start', 'n'] } } }, { year: 5 }],
    ['keep the type of a constant', { tool_parameters: { year: { type: 'constant', value: 2024n } } }, { year: 2024 }],
    [
      'may be bare, as in old files',
      { tool_parameters: { year: '{{#start.n#}}' }, tool_configurations: { month: 3n } },
      { month: 3, year: '5' },
    ],
    [
      'of the canvas win over those of the form',
      { tool_parameters: { year: 1n }, tool_configurations: { year: 2n, day: null } },
      { year: 1 },
    ],
    [
      'leave out what nobody filled in',
      { tool_parameters: { year: { type: 'mixed', value: null }, month: { type: 'variable', value: [] } } },
      {},
    ],
    ['cannot forge a secret', { tool_parameters: { year: { type: 'variable', value: ['start', 'text'] } } }, { year: 'x\ufffdy' }],
    ['may be null altogether', { tool_parameters: null, tool_configurations: null }, {}],
  ])('%s', (_, data, wanted) => expect(start(data)).toMatchObject({ arguments: wanted, depth: 0 }));

  it('name their secrets, in texts and within values', () => {
    expect(
      start({
        tool_parameters: { year: { type: 'mixed', value: 'k={{#env.KEY#}}' }, month: { type: 'variable', value: ['start', 'list'] } },
      }),
    ).toEqual({
      arguments: { year: 'k=\ufdd0KEY\ufdd01\ufdd1', month: [1, { k: { $secret: ['KEY', '1'] } }] },
      secrets: 2,
      depth: 0,
    });
  });

  it('fail for a variable that is needed and does not exist, and pass over one that is not', () => {
    const gone = { type: 'variable', value: ['start', 'gone'] };
    expect(start({ tool_parameters: { year: gone } })).toBe('the variable start.gone of the parameter "year" does not exist');
    expect(start({ tool_name: 'current_time', tool_parameters: { timezone: gone } })).toMatchObject({ arguments: {} });
  });

  it('carry how deep the flow was called', () => expect(start({}, 3)).toMatchObject({ depth: 3 }));

  it.each<readonly [Data, string]>([
    [
      { tool_parameters: { year: { type: 'variable', value: 'start.n' } } },
      'tool_parameters.year: a variable was expected, as a list of names',
    ],
    [{ tool_parameters: { year: { type: 'mixed', value: 5n } } }, 'tool_parameters.year: a text was expected'],
    [{ tool_name: null }, 'tool_name: '],
  ])('that cannot be read are an error at import (row %#)', (data, message) => {
    const compiled = compileTool({ ...base, ...data });
    expect(compiled.ok ? '' : compiled.message).toContain(message);
  });
});

describe('the import of a tool node', () => {
  const warnings = (data: Data): readonly string[] => {
    const compiled = compileTool({ ...base, ...data });
    return compiled.ok ? compiled.warnings : [];
  };
  it('warns of a tool that there is not, and says what to do', () => {
    expect(warnings({ provider_id: 'langgenius/tavily/tavily', tool_name: 'search' })).toEqual([
      expect.stringMatching(/^there is no tool "langgenius\/tavily\/tavily\/search" here, .* map it under "tools" .* or pin its outputs$/),
    ]);
  });
  it('warns of a parameter that the tool has not', () => {
    expect(warnings({ tool_parameters: { era: 'BC' } })).toEqual(['the tool time/weekday has no parameter "era": it is left out']);
  });
  it('tells those that may change something outside from those that only compute', () => {
    const kind = (data: Data): string => {
      const compiled = compileTool({ ...base, ...data });
      return compiled.ok ? compiled.behaviour.kind : compiled.message;
    };
    expect(kind({})).toBe('tool');
    expect(kind({ provider_id: 'riskflow', tool_name: 'list_match' })).toBe('tool');
    expect(kind({ provider_id: 'riskflow', tool_name: 'webhook' })).toBe('acting-tool');
    expect(kind({ provider_type: 'workflow', tool_name: 'my_flow' })).toBe('acting-tool');
  });
  it('has nothing to say of tools in their long and short names, and of flows', () => {
    expect(warnings({})).toEqual([]);
    expect(warnings({ provider_id: 'langgenius/time/time' })).toEqual([]);
    expect(warnings({ provider_type: 'workflow', provider_id: '4b1c', tool_name: 'my_flow', tool_parameters: { any: 'x' } })).toEqual([]);
    expect(warnings({ provider_id: 'workflow', tool_name: 'my flow' })).toEqual([]);
  });
});

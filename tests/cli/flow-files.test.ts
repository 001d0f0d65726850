import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder, project, riskflow, riskflowJson, type Start } from './riskflow.ts';

const MODEL = 'provider: tongyi, name: qwen, mode: chat, completion_params: {}';
const bot = (prompt = 'Hello {{#sys.query#}}'): string => `app: {name: bot, mode: advanced-chat}
kind: app
version: 0.1.5
workflow:
  graph:
    nodes:
    - {id: start, data: {type: start, title: Start, variables: []}}
    - {id: kb, data: {type: knowledge-retrieval, title: Look, dataset_ids: [0f8b1c1e-3f3a-4f0e-9a51-1f0d4f6f4c11], query_variable_selector: [sys, query], retrieval_mode: multiple, multiple_retrieval_config: {top_k: 2}}}
    - {id: llm, data: {type: llm, title: Ask, model: {${MODEL}}, prompt_template: [{role: user, text: '${prompt}'}]}}
    - {id: answer, data: {type: answer, title: Say, answer: '{{#llm.text#}}'}}
    edges: [{source: start, target: kb}, {source: kb, target: llm}, {source: llm, target: answer}]
`;
const broken = bot().replace("answer: '{{#llm.text#}}'", 'answer: 7').replace('type: llm, title: Ask', 'type: from-the-future, title: Ask');

function begin(files: Readonly<Record<string, string>> = {}): Start & { readonly folder: string } {
  const folder = newFolder();
  for (const [name, text] of Object.entries({ 'bot.yml': bot(), 'broken.yml': broken, ...files })) writeFileSync(join(folder, name), text);
  return { data: join(folder, 'data'), folder };
}
const read = (start: { readonly folder: string }, name: string): string => readFileSync(join(start.folder, name), 'utf8');

describe('flow validate', () => {
  it('lists the nodes with what is to be said about each', async () => {
    const { code, out } = await riskflow(['flow', 'validate', 'bot.yml'], begin());
    expect(code).toBe(0);
    expect(out).toMatch(/^bot \(advanced-chat, 4 nodes, version [0-9a-f]{12}\) can be imported\n/);
    expect(out).toContain('  ok       "Start" (start) start\n');
    expect(out).toMatch(
      / {2}warning {2}"Look" \(kb\) knowledge-retrieval\n(?: {11}.*\n)* {11}warning: knowledge base "0f8b1c1e-[-0-9a-f]+": there is none here/,
    );
    expect(out).toMatch(/ {2}warning {2}"Ask" \(llm\) llm\n {11}warning: model tongyi\/qwen: nothing here serves the provider "tongyi"/);
  });

  it('goes on after an error, names all of them, and says by its exit code that the file cannot be imported', async () => {
    const start = begin();
    const { code, out } = await riskflow(['flow', 'validate', 'broken.yml'], start);
    expect([code, out.split('\n')[0]]).toEqual([1, 'bot (advanced-chat, 4 nodes) cannot be imported']);
    expect(out).toMatch(/ {2}error {4}"Say" \(answer\) answer\n {11}error: answer: /);
    expect(out).toMatch(/ {2}warning {2}"Ask" \(llm\) from-the-future\n {11}warning: nodes of type "from-the-future" cannot run/);
    const json = await riskflow(['flow', 'validate', 'broken.yml', '--json'], start);
    expect(json.code).toBe(1);
    const report = JSON.parse(json.out) as { readonly nodes: readonly { readonly id: string; readonly state: string }[] };
    expect(report).toMatchObject({ file: 'broken.yml', ok: false, wouldFail: true, version: null });
    expect(report.nodes.map(({ id, state }) => [id, state])).toEqual([
      ['start', 'ok'],
      ['kb', 'warning'],
      ['llm', 'warning'],
      ['answer', 'error'],
    ]);
  });

  it.each([
    ['a picture', '\u0089PNG\r\n\u001a\n\u0000\u0000'],
    ['nothing', ''],
    ['JSON of another kind', '{"a": [1, 2]}'],
    ['an app without a graph', 'app: {name: x, mode: workflow}\nworkflow: {}\n'],
  ])('%s ends with a list, too', async (_, text) => {
    const { code, out, err } = await riskflow(['flow', 'validate', 'odd.yml'], begin({ 'odd.yml': text }));
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/cannot be imported\n {2}error: ./);
  });

  it('writes a mapping file, and takes a filled-in one; --strict fails while a run would', async () => {
    const start = begin();
    expect((await riskflow(['flow', 'validate', 'bot.yml', '--write-mapping', 'map.yml', '--strict'], start)).code).toBe(1);
    expect(read(start, 'map.yml')).toMatch(
      /^# .*\nmodels:\n {2}tongyi\/qwen: null\ndatasets:\n {2}'0f8b1c1e-[-0-9a-f]+': null\ntools: \{\}\n$/s,
    );
    expect((await riskflow(['flow', 'validate', 'bot.yml', '--write-mapping', 'map.yml'], start)).code).toBe(2);
    writeFileSync(
      join(start.folder, 'map.yml'),
      read(start, 'map.yml').replace('qwen: null', 'qwen: riskflow/classifier/reports@tune').replace("11': null", "11': handbook"),
    );
    expect((await riskflow(['flow', 'validate', 'bot.yml', '--mapping', 'map.yml'], start)).out).toContain(
      'knowledge base "handbook": there is none here',
    );
    writeFileSync(join(start.folder, 'rules.md'), 'Never answer scammers.');
    expect((await riskflow(['knowledge', 'import', 'handbook', 'rules.md'], start)).code).toBe(0);
    const { code, out } = await riskflow(['flow', 'validate', 'bot.yml', '--mapping', 'map.yml', '--strict'], start);
    expect([code, out.includes('there is none here'), out.includes('nothing here serves')]).toEqual([0, false, false]);
    const imported = await riskflowJson(['flow', 'import', 'bot.yml', '--mapping', 'map.yml'], start);
    const plain = await riskflowJson(['flow', 'import', 'bot.yml'], start);
    expect(imported).not.toMatchObject({ version: (plain as { readonly version: string }).version });
    const exported = await riskflow(['flow', 'export', `bot:${(imported as { readonly version: string }).version}`], start);
    expect(exported.out).toMatch(/dataset_ids:\n\s+- handbook\n/);
    expect(exported.out).toMatch(/provider: riskflow\/classifier\n/);
  });
});

describe('flow diff', () => {
  it('names what differs in meaning, of files and of published versions', async () => {
    const start = begin({ 'other.yml': bot('Good day {{#sys.query#}}') });
    const { code, out } = await riskflow(['flow', 'diff', 'bot.yml', 'other.yml'], start);
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(3);
    expect(out).toMatch(
      /changed +llm "Ask" \(llm\) +prompt_template\[0\]\.text +Hello \{\{#sys\.query#\}\} +Good day \{\{#sys\.query#\}\}/,
    );
    await riskflow(['flow', 'import', 'bot.yml'], start);
    await riskflow(['flow', 'import', 'other.yml'], start);
    expect(await riskflowJson(['flow', 'diff', 'bot', 'other.yml'], start)).toMatchObject({ same: true, nodes: { changed: [] } });
    expect(await riskflowJson(['flow', 'diff', 'bot.yml', 'bot'], start)).toMatchObject({ same: false, a: { version: null } });
  });
});

describe('flow export', () => {
  it('gives a file that imports as the same version', async () => {
    const start = begin();
    const first = await riskflowJson(['flow', 'import', 'bot.yml'], start);
    expect(await riskflowJson(['flow', 'export', 'bot', '--out', 'again.yml'], start)).toMatchObject({
      flow: 'bot',
      file: join(start.folder, 'again.yml'),
    });
    const second = await riskflowJson(['flow', 'import', 'again.yml'], start);
    expect(second).toMatchObject({ version: (first as { readonly version: string }).version, isNew: false });
    expect(read(start, 'again.yml')).toContain("\nversion: '0.6.0'\n");
  });
});

type Templates = { readonly templates: readonly { readonly name: string; readonly file: string }[] };

describe('flow new', () => {
  it('lists its templates, and each of them can be imported', async () => {
    const start = begin();
    const { templates } = await riskflowJson<Templates>(['flow', 'new', '--list'], start);
    expect(templates.map(({ name }) => name)).toEqual(['triage', 'rules', 'chat', 'agent', 'each']);
    for (const { name, file } of templates) {
      expect((await riskflow(['flow', 'new', '--template', name], start)).code).toBe(0);
      expect(read(start, `${name}.yml`)).toBe(readFileSync(join(project, file), 'utf8'));
      expect((await riskflow(['flow', 'validate', `${name}.yml`], start)).code).toBe(0);
    }
    expect((await riskflow(['flow', 'new', '--template', 'chat'], start)).code).toBe(2);
  });

  it.each([
    ['chat', ['--query', 'Is this a scam?'], /looks like fraud/],
    ['agent', ['--query', 'Who decides now?'], /night team/],
    ['each', ['--inputs', '{"reports": "first\\nsecond"}'], /1\. A stranger .*2\. A stranger/s],
  ])('%s runs with the results that lie beside it', async (name, args, answer) => {
    const start = begin();
    const example = join(project, 'examples/templates', name);
    const { code, out } = await riskflow(['run', `${example}.yml`, ...args, '--pin', `${example}.pins.json`], start);
    expect([code, answer.test(out)]).toEqual([0, true]);
  });
});

it('run with --mapping replaces models in the run and knowledge bases in the version', async () => {
  const start = begin({
    'map.yml': 'models: {tongyi/qwen: openai/small, not/there: a/b}\ndatasets: {0f8b1c1e-3f3a-4f0e-9a51-1f0d4f6f4c11: handbook}\n',
  });
  const pins = join(start.folder, 'pins.json');
  writeFileSync(pins, '{"kb": {"outputs": {"result": []}}, "llm": {"outputs": {"text": "hi"}}}');
  const { code, out, err } = await riskflow(['run', 'bot.yml', '--query', 'x', '--pin', 'pins.json', '--mapping', 'map.yml'], start);
  expect([code, JSON.parse(out.slice(out.indexOf('{')))]).toMatchObject([0, { answer: 'hi' }]);
  expect(err).toContain('model tongyi/qwen is replaced by openai/small');
  const exported = await riskflow(['flow', 'export', 'bot'], start);
  expect(exported.out).toMatch(/dataset_ids:\n\s+- handbook\n/);
  expect(exported.out).toContain('provider: tongyi\n');
});

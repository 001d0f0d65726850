import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dataWithSamples, evalOf, workingFolder } from './fixtures.ts';
import { contentOf, newFolder, riskflow } from './riskflow.ts';

type Mistake = {
  readonly args: readonly string[];
  /** 2 unless the command was right and the state of the data is in the way. */
  readonly code?: 1 | 2;
  /** What the sentence says. */
  readonly says: RegExp;
  /** What the hint says. */
  readonly hint?: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  /** What becomes of the bytes of the data file before. */
  readonly damage?: (file: Buffer) => Uint8Array;
  /** The one platform that has such a thing. */
  readonly only?: NodeJS.Platform;
  /** Files in the working folder, beside those of the fixture. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
};

const evalRun = (...more: readonly string[]): readonly string[] => evalOf('good.yml', 'bad.yml', ...more);
const runGood = (...more: readonly string[]): readonly string[] => ['run', 'good.yml', ...more];
const importAs = (file: string, ...more: readonly string[]): readonly string[] => ['sample', 'import', 'new', file, ...more];
const pins = (json: string): Readonly<Record<string, string>> => ({ 'pins.json': json });

const commandLine: readonly Mistake[] = [
  { args: ['evl'], says: /^there is no command "evl"$/, hint: /did you mean eval\?/ },
  { args: ['eval', 'rum'], says: /^eval: there is no command "rum"$/, hint: /did you mean run\?/ },
  { args: ['sample'], says: /^sample needs a verb: import, split, list, show, export, label, from-stream$/ },
  { args: ['flow', 'list', '--sort'], says: /^flow list: there is no option "--sort"$/ },
  { args: evalRun('--sampels', 'x'), says: /^eval run: there is no option "--sampels"$/, hint: /did you mean --samples\?/ },
  { args: ['run'], says: /^run: the argument FLOW is missing$/ },
  { args: ['eval', 'run', '--a', 'good.yml'], says: /^eval run: the option --b <FLOW> is required$/ },
  { args: evalRun('--seed'), says: /^eval run: the option --seed <N> needs a value$/ },
  { args: ['flow', 'list', 'all'], says: /^flow list: too many arguments \(1 where 0 can be used\): all$/ },
  { args: evalRun('--seed', '1', '--seed', '2'), says: /^eval run: the option --seed <N> is given twice$/, hint: /one value/ },
  { args: evalRun('--a', 'bad.yml'), says: /^eval run: the option --a <FLOW> is given twice$/ },
  { args: ['run', 'good.yml', '--inputs', '{}', '--inputs', '{}'], says: /^run: the option --inputs <JSON> is given twice$/ },
  { args: importAs('samples.csv', '--id', 'id', '--id', 'lang'), says: /^sample import: the option --id <COLUMN> is given twice$/ },
  { args: ['sample', 'split', 'small', '--tune', '0.5', '--tune', '0.5'], says: /^--tune is given twice$/ },
  { args: ['eval', 'report', 'e-1'], says: /^eval report: the option --report <FILE> is required$/ },
];

const runs: readonly Mistake[] = [
  { args: ['run', 'nowhere.yml'], says: /^the flow file nowhere\.yml cannot be read: there is no such file$/, hint: /^looked for \// },
  { args: ['run', 'empty-folder'], says: /^the flow file empty-folder cannot be read: it is a folder$/ },
  {
    args: ['run', 'broken.yml'],
    files: { 'broken.yml': 'app:\n  name: "x\n' },
    says: /^broken\.yml cannot be imported: it is not valid YAML: .*line \d/,
  },
  {
    args: ['run', 'other.yml'],
    files: { 'other.yml': 'services:\n  web: 1\n' },
    says: /^other\.yml cannot be imported: it is not a Dify app file: it has no "app" section$/,
  },
  {
    args: ['flow', 'import', 'bot.yml'],
    files: { 'bot.yml': 'app:\n  name: bot\n  mode: chat\nkind: app\nversion: 0.3.0\n' },
    says: /^bot\.yml cannot be imported: it has no "workflow" section: .*"chat"$/,
  },
  {
    args: ['flow', 'import', 'picture.yml'],
    files: { 'picture.yml': new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]) },
    says: /^picture\.yml cannot be imported: /,
  },
  { args: ['flow', 'validate', 'missing.yml'], says: /^the flow file missing\.yml cannot be read: there is no such file$/ },
  {
    args: ['flow', 'validate', 'good.yml', '--mapping', 'missing.yml'],
    says: /^the mapping file missing\.yml cannot be read: there is no such file$/,
  },
  {
    args: ['flow', 'validate', 'good.yml', '--mapping', 'odd-map.yml'],
    files: { 'odd-map.yml': 'model: {a/b: c/d}\n' },
    says: /^the mapping file odd-map\.yml is not right: .*model/,
  },
  {
    args: ['flow', 'import', 'good.yml', '--mapping', 'no-model.yml'],
    files: { 'no-model.yml': 'models: {a/b: c}\n' },
    says: /^the mapping file maps a model to "c", which names none$/,
  },
  { args: ['flow', 'diff', 'good.yml', 'goood'], says: /^"goood" is neither a flow file nor a published flow$/ },
  { args: ['flow', 'export', 'goood'], says: /^"goood" is neither a flow file nor a published flow$/ },
  { args: ['flow', 'new', '--template', 'goood'], says: /^there is no template "goood"$/, hint: /^there are: triage, / },
  { args: ['flow', 'new'], says: /^flow new needs the name of a template: --template NAME$/ },
  { args: ['run', 'goood'], says: /^"goood" is neither a flow file nor a published flow$/, hint: /^published flows are: .*good/ },
  { args: ['run', 'good:abcdef'], says: /^"good:abcdef" is neither a flow file nor a published flow$/ },
  {
    args: runGood('--inputs', "{'text': 'x'}"),
    says: /^--inputs is not valid JSON: .* \(line 1, column 2\)$/,
    hint: /^for example: --inputs/,
  },
  { args: runGood('--inputs', '["x"]'), says: /^--inputs must be a JSON object, not array$/ },
  { args: runGood('--inputs', '@missing.json'), says: /^the inputs file missing\.json cannot be read: there is no such file$/ },
  {
    args: runGood('--inputs', '@latin.json'),
    files: { 'latin.json': new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x7d]) },
    says: /^the inputs file latin\.json is not UTF-8 text$/,
  },
  { args: runGood(), says: /^flow "good": input "text" is required$/ },
  { args: runGood('--inputs', '{"text": 5}'), says: /^flow "good": input "text" must be text, not integer$/ },
  { args: ['run', 'numbers.yml', '--inputs', '{"n": "many"}'], says: /^flow "numbers": input "n" must be a number, not the text "many"$/ },
  { args: ['run', 'numbers.yml', '--inputs', '{"n": 1, "kind": "c"}'], says: /^flow "numbers": input "kind" must be one of "a", "b"$/ },
  {
    args: ['run', 'short.yml', '--inputs', '{"text": "too long"}'],
    says: /^flow "short": input "text" is 8 characters long, at most 5 are allowed/,
  },
  { args: runGood('--inputs', '{"text": "x"}', '--events', '--json'), says: /^--events and --json cannot be used together$/ },
  {
    args: runGood('--inputs', '{"text": "x"}', '--pin', 'none.json'),
    says: /^the pins file none\.json cannot be read: there is no such file$/,
  },
  {
    args: runGood('--inputs', '{"text": "x"}', '--pin', 'pins.json'),
    files: pins('{"say": {"output": 1}}'),
    says: /^the pins file pins\.json, pin "say" has the key "output", which is none of /,
  },
  {
    args: runGood('--inputs', '{"text": "x"}', '--pin', 'pins.json'),
    files: pins('{"sya": {"outputs": {}}}'),
    says: /^--pin: no node has the id "sya"$/,
    hint: /say \(say\)/,
  },
  {
    args: runGood('--inputs', '{"text": "x"}', '--pin', 'pins.json'),
    files: pins('{"type:llm": {"error": "x"}}'),
    says: /^--pin: no node has the type "llm" of the pin "type:llm"$/,
  },
  {
    args: ['flow', 'import', 'good.yml', '--flow', 'n'.repeat(161)],
    says: /^good\.yml cannot be imported: the name of the flow is longer than 160 characters$/,
    hint: /--flow/,
  },
  { args: ['flow', 'import', 'good.yml', '--flow', ''], says: /^flow import: --flow needs a name, and it is empty$/, hint: /leave it out/ },
  { args: runGood('--map-model', 'gpt-4o'), says: /^--map-model needs FROM=TO, two models, not "gpt-4o"$/ },
  {
    args: ['run', 'ask.yml', '--inputs', '{"text": "x"}', '--map-model', 'openai/big=riskflow/classifier/small@tune'],
    says: /--map-model/,
    hint: /openai\/small/,
  },
];

const samples: readonly Mistake[] = [
  { args: importAs('nowhere.csv'), says: /^the sample file nowhere\.csv cannot be read: there is no such file$/ },
  {
    args: importAs('samples.csv', '--text', 'message'),
    says: /^samples\.csv has no column "message" \(--text\)$/,
    hint: /^its columns are: id, text, label, lang$/,
  },
  { args: importAs('samples.csv', '--field', 'language'), says: /^--field needs FIELD=COLUMN, not "language"$/ },
  { args: ['sample', 'import', 'a/b', 'samples.csv'], says: /^"a\/b" cannot be the name of a sample set/ },
  {
    args: ['sample', 'import', '_new', 'samples.csv'],
    says: /^"_new" cannot be the name of a sample set: it must begin with a letter or digit /,
  },
  { args: ['sample', 'import', 'n'.repeat(101), 'samples.csv'], says: /^"n+" cannot be the name of a sample set: .*at most 100$/ },
  {
    args: ['sample', 'split', 'small', '--_tune', '0.5'],
    says: /^"_tune" cannot be the name of a split: it must begin with a letter or digit /,
  },
  { args: ['sample', 'split', 'small', `--${'n'.repeat(61)}`, '0.5'], says: /^"n+" cannot be the name of a split: .*at most 60$/ },
  {
    args: importAs('semicolons.csv'),
    files: { 'semicolons.csv': 'id;text;label\n1;a;x\n2;b;y\n' },
    says: /^semicolons\.csv has no column "label" \(--label\): its columns seem to be separated by ";"$/,
    hint: /commas/,
  },
  {
    args: importAs('long-id.csv'),
    files: { 'long-id.csv': `id,text,label\n1,a,x\n${'i'.repeat(256)},b,y\n` },
    says: /^long-id\.csv: 1 of its rows .*line 3: its id \(column "id"\) is 256 characters long, and at most 255 are possible$/,
  },
  { args: importAs('empty.csv'), files: { 'empty.csv': '' }, says: /^empty\.csv is empty/ },
  {
    args: importAs('twice.csv'),
    files: { 'twice.csv': 'id,text,label\n1,a,x\n1,b,y\n' },
    says: /^twice\.csv: 1 of its rows cannot be imported, so nothing was: line 3: its id "1" is that of line 2$/,
    hint: /--keep-valid/,
  },
  {
    args: importAs('holes.csv'),
    files: { 'holes.csv': 'text,label\na,x\nb,\n,y\n' },
    says: /^holes\.csv: 2 of its rows .*line 3: its label .*line 4: its text/,
  },
  {
    args: importAs('rows.jsonl'),
    files: { 'rows.jsonl': '{"text": "a", "label": "x"}\n{"text": \n' },
    says: /^rows\.jsonl: 1 of its rows cannot be imported, so nothing was: line 2: /,
  },
  { args: ['sample', 'split', 'smal', '--a', '0.5', '--b', '0.5'], says: /^there is no sample set "smal"$/, hint: /small/ },
  { args: ['sample', 'split', 'small', '--tune', '0.5', '--test', '0.6'], says: /^the shares add up to 1\.1, which is more than 1$/ },
  { args: ['sample', 'split', 'small', '--tune', 'half'], says: /^--tune half: a share is a number above 0 and at most 1$/ },
  { args: ['sample', 'split', 'small@tune', '--a', '0.5'], says: /^small@tune is itself a split: / },
  { args: ['sample', 'show', 'small@dev'], says: /^the split small@dev does not exist$/, hint: /tune.*test|test.*tune/ },
  { args: ['sample', 'show', 'small:000000'], says: /^sample set "small" has no version 000000$/ },
  { args: ['sample', 'export', 'nothing', '--out', 'nothing.jsonl'], says: /^there is no sample set "nothing"$/ },
  { args: ['model', 'train', 'small'], says: /^a model is trained on a split: SET@SPLIT/ },
  {
    args: ['model', 'train', 'small@tune', '--test', 'small@tune'],
    says: /^--test small@tune names the samples that the model learns from$/,
  },
];

const evaluations: readonly Mistake[] = [
  { args: ['eval', 'run', '--a', 'good.yml', '--b', 'bad.yml', '--samples', 'big@test'], says: /^there is no sample set "big"$/ },
  { args: ['run', '--resume', '--concurrency', '3'], says: /^--resume goes on .*, so --concurrency cannot be given with it$/ },
  { args: runGood('--concurrency', '3'), says: /^run: --concurrency is for --batch$/, hint: /modelConcurrency/ },
  { args: evalRun('--concurrency', '0'), says: /^--concurrency must be a whole number from 1 to 10000, not "0"$/ },
  { args: evalRun('--margin', '1%'), says: /^--margin must be a number from 0 to 1, not "1%"$/ },
  { args: evalRun('--metric', 'precison'), says: /--metric.*precison/, hint: /accuracy/ },
  { args: evalRun('--metric', 'recall:eggs'), says: /--metric.*eggs/, hint: /ham/ },
  { args: evalRun('--positive', 'eggs'), says: /^--positive eggs: no sample has this label$/, hint: /ham, spam/ },
  { args: evalRun('--variant', 'A=good.yml'), says: /^--variant A=good\.yml: the variant A is given with --a$/ },
  { args: evalRun('--map', 'txt=text'), says: /^--map txt=…: no variant has an input "txt"$/ },
  { args: evalRun('--map', 'text=body'), says: /^--map text=body: the samples have no field "body"$/, hint: /text, lang$/ },
  { args: evalRun('--variant', '_c=good.yml'), says: /^--variant _c=good\.yml: a name has letters, digits, / },
  { args: evalRun('--variant', `${'v'.repeat(41)}=good.yml`), says: /^--variant v+=good\.yml: a name .* at most 40$/ },
  { args: evalRun('--predict', 'category'), says: /^flow "good" has no output "category" \(--predict\)$/, hint: /label/ },
  { args: evalRun('--report', 'no/such/folder/r.html'), says: /^--report no\/such\/folder\/r\.html: there is no folder / },
  { args: evalRun('--report', 'empty-folder'), says: /^--report empty-folder is a folder, and a file is to be written$/ },
  {
    args: evalOf('good.yml', 'needsAge.yml'),
    says: /^flow "needs-age" needs the input "age", but the samples have no field "age"$/,
    hint: /--map age=FIELD/,
  },
  { args: evalOf('good.yml', 'twoOutputs.yml'), says: /^which output of flow "two" is the prediction\?$/, hint: /--predict/ },
  { args: evalOf('good.yml', 'ask.yml'), says: /there is no key for the model "small"/, hint: /OPENAI_API_KEY/ },
  { args: evalOf('good.yml', 'foreign.yml'), says: /acme/ },
  {
    args: evalOf('good.yml', 'waits.yml'),
    says: /^flow "waits" waits for a person at node "Ask Ann" \(ask\), so it cannot be evaluated$/,
    hint: /--pin/,
  },
  {
    args: ['eval', 'run', '--a', 'good.yml', '--b', 'classify.yml', '--samples', 'small@tune'],
    says: /were in the training set of model "small@tune"/,
    hint: /small@test/,
  },
  { args: ['eval', 'resume', 'e-none'], says: /^there is no evaluation "?e-none"?$/, hint: /e-/ },
  { args: ['eval', 'show', 'e-none', '--results'], says: /^there is no evaluation "?e-none"?$/ },
];

const intake: readonly Mistake[] = [
  {
    args: ['source', 'create', 's2', '--file', 'nowhere.ndjson', '--flow', 'good'],
    says: /nowhere\.ndjson cannot be read: there is no such file$/,
  },
  {
    args: ['source', 'create', 's2', '--file', 'nowhere.ndjson', '--flow', 'unknown'],
    says: /^source "s2" cannot be created \(2 things\): flow: "unknown" is neither a flow file nor a published flow; connector\.path: .*nowhere/,
  },
  {
    args: ['source', 'create', 'stream', '--file', 'records.ndjson', '--flow', 'good', '--key', 'text'],
    code: 1,
    says: /^source "stream" is there already with other settings: .*record\.key is id, not text$/,
  },
  {
    args: ['source', 'create', 's2', '--file', 'records.ndjson', '--flow', 'good', '--on-duplicate-key', 'keep'],
    says: /onDuplicateKey: the rule for equal keys is keep, but nothing is named as the key$/,
    hint: /--key/,
  },
  {
    args: ['source', 'create', 's2', '--file', 'records.ndjson', '--flow', 'good', '--on-duplicate-key', 'drop'],
    says: /process, keep, replace/,
  },
  {
    args: ['source', 'create', '_s2', '--file', 'records.ndjson', '--flow', 'good'],
    says: /^source "_s2" cannot be created: name: "_s2" cannot be the name of a source: it must begin with a letter or digit /,
  },
  {
    args: ['source', 'create', 's2', '--file', 'records.ndjson', '--flow', 'good', '--map', 'txt=text'],
    says: /^source "s2" cannot be created: record\.inputs\.txt: flow "good" has no input "txt"$/,
    hint: /text/,
  },
  {
    args: ['source', 'create', 's2', '--flow', 'good'],
    says: /^source create: no place to read from is named$/,
    hint: /--file, --directory, --stdin/,
  },
  {
    args: ['source', 'create', 's2', '--flow', 'good', '--push', '--stdin'],
    says: /^source create: --stdin and --push do not go together$/,
  },
  { args: ['source', 'create', 's2', '--push'], says: /^source create: the option --flow <FLOW> is required$/ },
  { args: ['source', 'create', 's2', '--flow', 'good', '--kafka', '127.0.0.1:1'], says: /^source create: --kafka needs --topic$/ },
  {
    args: ['source', 'create', 's2', '--flow', 'good', '--kafka', 'u:hunter2@h:1', '--topic', 'a b'],
    says: /^source "s2" cannot be created \(2 things\): connector\.brokers\.0: a broker is written host:port; connector\.topics\.0: a topic has (?!.*hunter2)/,
  },
  { args: ['source', 'create', '--config', 'none.yml'], says: /^the file none\.yml cannot be read: there is no such file$/ },
  {
    args: ['source', 'create', '--config', 's.yml', '--key', 'id'],
    files: { 's.yml': 'name: s2\nflow: good\nconnector: {kind: push}\n' },
    says: /^--config has all settings, so --key does not go with it$/,
    hint: /^write it in the file$/,
  },
  {
    args: ['source', 'create', 's3', '--config', 's.yml'],
    files: { 's.yml': 'name: s2\nflow: good\nconnector: {kind: push}\n' },
    says: /^the source in s\.yml is called "s2", not "s3"$/,
  },
  { args: ['source', 'create', '--config', 's.yml'], files: { 's.yml': 'a: [\n' }, says: /^the file s\.yml is neither YAML nor JSON: / },
  {
    args: ['source', 'configure', 'stream', '--config', 's.yml'],
    files: { 's.yml': 'name: stream\nflow: good\nconnector: {kind: push}\n' },
    says: /^source "stream" cannot be configured so: connector: it reads .*records\.ndjson, and cannot read what is pushed to it instead$/,
  },
  ...['pause', 'resume', 'stop', 'kill', 'revive', 'status', 'offsets'].map((verb) => ({
    args: ['source', verb, 'strem'],
    says: /^there is no source "strem"$/,
    hint: /^there are: stream$/,
  })),
  {
    args: ['source', 'offsets', 'stream', '--set', '0'],
    code: 1,
    says: /^source "stream" is not stopped/,
    hint: /riskflow source stop stream/,
  },
  { args: ['source', 'offsets', 'stream', '--set', '-1'], says: /^--set must be a whole number from 0 / },
  {
    args: ['source', 'offsets', 'stream', '--set', '0', '--partition', '3'],
    says: /^source "stream" has no such partition$/,
    hint: /records\.ndjson\/0/,
  },
  { args: ['deadletter', 'replay', 'strem'], says: /^there is no source "strem"$/ },
  {
    args: ['deadletter', 'replay', 'stream', '--id', 'one'],
    says: /^--id must be numbers with commas between them, not "one"$/,
    hint: /deadletter list/,
  },
  { args: ['deadletter', 'replay', 'stream', '--id', '99'], says: /^source "stream" has no dead letter 99$/ },
  { args: ['deadletter', 'replay', 'stream', '--value', '{}'], says: /^a value can be given for one dead letter, which has to be named$/ },
  { args: ['decision', 'show', 'abc'], says: /^there is no decision "abc"$/, hint: /decision list/ },
  {
    args: ['flow', 'promote', 'good', '--source', 'stream'],
    says: /^flow promote needs FLOW and --to STAGE, or --end STAGE, or --rollback$/,
  },
  {
    args: ['flow', 'promote', 'good', '--source', 'stream', '--to', 'canary'],
    says: /^a canary needs a share of the subjects above 0 and at most 1$/,
    hint: /--share 0\.1/,
  },
  {
    args: ['flow', 'promote', 'good', '--source', 'stream', '--to', 'shadow', '--share', '0.2'],
    says: /^--share is the share of a canary$/,
  },
  {
    args: ['flow', 'promote', 'good', '--source', 'stream', '--to', 'canary', '--share', '2'],
    says: /^--share must be above 0 and at most 1, not "2"$/,
  },
  {
    args: ['flow', 'promote', '--source', 'stream', '--rollback'],
    code: 1,
    says: /^source "stream" has had no other live flow than "good"$/,
  },
  {
    args: ['flow', 'promote', 'goood', '--source', 'stream', '--to', 'live'],
    says: /^"goood" is neither a flow file nor a published flow$/,
  },
  { args: ['start', '--listen', 'nowhere'], says: /^--listen must be HOST:PORT, not "nowhere"$/ },
  { args: ['source', 'start', 'strem'], says: /^there is no source "strem"$/, hint: /stream/ },
  { args: ['decision', 'list', '--source', 'strem'], says: /^there is no source "strem"$/ },
  { args: ['deadletter', 'list', '--limit', '0'], says: /^--limit must be a whole number from 1 to 100000, not "0"$/ },
  { args: ['projection', 'rebuild', 'evals'], says: /evals/, hint: /evaluations/ },
];

const surroundings: readonly Mistake[] = [
  {
    args: ['flow', 'list'],
    env: { OPENAI_BASE_URL: 'localhost:8000' },
    says: /^OPENAI_BASE_URL is "localhost:8000", which is not an http\(s\) address$/,
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_CONFIG: 'none.yml' },
    says: /^the configuration file .*none\.yml \(RISKFLOW_CONFIG\) does not exist$/,
  },
  { args: ['flow', 'list'], env: { RISKFLOW_CONFIG: 'c.yml' }, files: { 'c.yml': 'models: [\n' }, says: /c\.yml is not valid YAML: / },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_CONFIG: 'c.yml' },
    files: { 'c.yml': 'modelConcurrency: many\n' },
    says: /c\.yml: modelConcurrency: /,
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_CONFIG: 'c.yml' },
    files: { 'c.yml': 'modelConcurency: 4\n' },
    says: /c\.yml: there is no setting "modelConcurency"$/,
    hint: /modelConcurrency/,
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_CONFIG: 'c.yml' },
    files: { 'c.yml': 'models:\n  acme:\n    baseUrl: http://127.0.0.1:1/v1\n    apiKey: sk-1\n' },
    says: /c\.yml: models\.acme: there is no setting "apiKey"$/,
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_DATA: 'samples.csv' },
    says: /^the data folder .*samples\.csv is a file$/,
    hint: /RISKFLOW_DATA/,
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_DATA: 'samples.csv/data' },
    says: /^the data folder .*data cannot be made: .*samples\.csv is a file$/,
    hint: /RISKFLOW_DATA/,
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_DATA: '/proc/nope' },
    says: /^the data folder \/proc\/nope cannot be made: \/proc takes no folders$/,
    hint: /RISKFLOW_DATA/,
    only: 'linux',
  },
  {
    args: ['flow', 'list'],
    env: { RISKFLOW_DATA: 'bad-data' },
    files: { 'bad-data/riskflow.sqlite': 'this is no database, but it is longer than a header of one is' },
    says: /riskflow\.sqlite is not a data file of Riskflow, or its beginning is damaged$/,
    hint: /RISKFLOW_DATA/,
  },
  {
    args: ['sample', 'show', 'small'],
    damage: (file) => file.subarray(0, Math.floor(file.length / 2)),
    says: /^the data file .*riskflow\.sqlite is damaged$/,
    hint: /restore it from a copy/,
  },
  {
    args: ['projection', 'rebuild'],
    damage: (file) => Buffer.concat([file.subarray(0, 8192), Buffer.alloc(file.length - 8192, 0x5a)]),
    says: /^the data file .*riskflow\.sqlite is damaged$/,
    hint: /restore it from a copy/,
  },
];

const all = {
  'the command line': commandLine,
  'running a flow': runs,
  'samples and models': samples,
  evaluations: evaluations,
  sources: intake,
  surroundings: surroundings,
};

const lineOf = (subject: string, { args, env = {}, damage, only }: Mistake): string => {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const notes = [
    ...(damage === undefined ? [] : ['over a damaged data file']),
    ...(only === undefined ? [] : [`(only ${only} has such a place)`]),
  ];
  return [`${subject}:`, ...settings, 'riskflow', ...args, ...notes].join(' ');
};

const dataFile = (data: string): string => join(data, 'riskflow.sqlite');
const bytesOf = (data: string): Buffer => readFileSync(dataFile(data));

/** @returns the bytes of the damaged file */
function damageData(data: string, damage: NonNullable<Mistake['damage']>): Buffer {
  writeFileSync(dataFile(data), damage(bytesOf(data)));
  return bytesOf(data);
}

describe.concurrent('a mistake gives one sentence, the right exit code and changes nothing', () => {
  let folder: string;
  let data: string;
  let before: string;

  beforeAll(async () => {
    folder = workingFolder();
    data = await dataWithSamples(folder, [
      ['model', 'train', 'small@tune'],
      evalRun(),
      ['source', 'create', 'stream', '--file', 'records.ndjson', '--flow', 'good', '--key', 'id'],
      ['source', 'start', 'stream'],
      ['projection', 'status'],
    ]);
    before = contentOf(data);
  });

  /** A copy of the data and of the working folder, so that no case can spoil another. */
  function copies(files: Mistake['files']): { readonly ownData: string; readonly ownFolder: string } {
    const base = newFolder();
    const [ownData, ownFolder] = [join(base, 'data'), join(base, 'work')];
    cpSync(data, ownData, { recursive: true });
    cpSync(folder, ownFolder, { recursive: true });
    for (const [name, content] of Object.entries(files ?? {})) {
      mkdirSync(dirname(join(ownFolder, name)), { recursive: true });
      writeFileSync(join(ownFolder, name), content);
    }
    return { ownData, ownFolder };
  }

  const listing = (ownFolder: string): readonly string[] => readdirSync(ownFolder, { recursive: true, encoding: 'utf8' }).sort();

  for (const [subject, mistakes] of Object.entries(all)) {
    for (const mistake of mistakes) {
      const { args, code = 2, says, hint, env = {}, files, damage, only } = mistake;
      it.skipIf(only !== undefined && only !== process.platform)(lineOf(subject, mistake), async () => {
        const { ownData, ownFolder } = copies(files);
        const there = listing(ownFolder);
        const contentBefore = damage === undefined ? before : damageData(ownData, damage);
        const finished = await riskflow(args, { data: ownData, folder: ownFolder, env });
        const lines = finished.err.replace(/\n$/, '').split('\n');
        expect(lines[0]).toMatch(/^riskflow: /);
        expect(lines[0]?.slice('riskflow: '.length)).toMatch(says);
        expect(lines.slice(1)).toEqual(lines.length === 1 ? [] : [expect.stringMatching(/^ {2}→ \S/)]);
        if (hint !== undefined) expect(lines[1]?.slice('  → '.length)).toMatch(hint);
        expect(finished.err).not.toMatch(/\n\s+at |unexpected|Warning/);
        expect(finished.out).toBe('');
        expect(finished.code).toBe(code);
        expect(listing(ownFolder)).toEqual(there);
        expect(damage === undefined ? contentOf(ownData) : bytesOf(ownData)).toEqual(contentBefore);
      });
    }
  }

  it('the table is long enough', () => expect(Object.values(all).flat().length).toBeGreaterThanOrEqual(60));
});

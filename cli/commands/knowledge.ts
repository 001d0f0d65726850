import type { Command } from 'commander';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { wholeNumber } from '../options/numbers.ts';
import { renderTable } from '../output/table.ts';
import { oneLine, shorten } from '../output/visible-text.ts';
import { withApp, type Session } from '../session.ts';

const SHORT = 12;
const SHOWN = 10;
const TOP_K = 5;

export function addKnowledgeCommands(program: Command, dispatch: Dispatch): void {
  const knowledge = addNoun(program, 'knowledge', 'import documents that knowledge-retrieval nodes search, and search them');
  addVerb(knowledge, dispatch, {
    name: 'import <NAME> <FILE...>',
    summary: 'import documents into the dataset NAME',
    args: { NAME: 'the dataset, made when it is not there', FILE: 'files or folders: text, PDF, Word, Excel, HTML, … or .jsonl' },
    options: [
      option('--chunk-size <N>', 'characters of a passage', {
        read: wholeNumber('--chunk-size', { min: 1, max: 20_000 }),
        standard: 1024,
      }),
      option('--overlap <N>', 'characters of a passage that the next begins with', {
        read: wholeNumber('--overlap', { min: 0, max: 5000 }),
        standard: 50,
      }),
      option('--replace', 'forget the documents that were there'),
      option('--keep-valid', 'import what can be read and report the rest'),
    ],
    examples: ['riskflow knowledge import policies handbook.pdf rules/', 'riskflow knowledge import cases cases.jsonl --replace --json'],
    notes: [
      'A document replaces one of its name. Each line of a .jsonl file is one: {"text", "name"?, "id"?, "metadata"?}.',
      'A flow finds the dataset when its id in the file is mapped to NAME (flow validate writes such a mapping).',
    ],
    action: importDocuments,
  });
  addVerb(knowledge, dispatch, {
    name: 'list',
    summary: 'list the datasets',
    examples: ['riskflow knowledge list', 'riskflow knowledge list --json'],
    action: list,
  });
  addVerb(knowledge, dispatch, {
    name: 'search <NAME> <QUERY>',
    summary: 'show what a flow would find in a dataset',
    args: { NAME: 'the dataset', QUERY: 'the question' },
    options: [option('--top-k <N>', 'passages at most', { read: wholeNumber('--top-k', { min: 1, max: 100 }), standard: TOP_K })],
    examples: ["riskflow knowledge search policies 'refund after 30 days'"],
    notes: ['Scores lie between 0 and 1: the share of what a passage would get that held every word of the question very often.'],
    action: search,
  });
}

type ImportOptions = { readonly chunkSize?: number; readonly overlap?: number; readonly replace?: boolean; readonly keepValid?: boolean };

async function importDocuments(session: Session, command: Command): Promise<number> {
  const [dataset = '', ...paths] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const { onProgress, terminal } = session;
    const imported = await runtime.importKnowledge(context, {
      dataset,
      paths,
      folder: terminal.folder,
      ...command.opts<ImportOptions>(),
      onProgress,
    });
    const { version, documents, passages, added, replaced, unchanged, rejected, isNew } = imported;
    for (const { message } of rejected.slice(0, SHOWN)) session.warn(message);
    if (rejected.length > SHOWN) session.warn(`${rejected.length - SHOWN} more documents could not be read`);
    if (session.json) session.printJson(imported);
    else {
      session.print(
        `${dataset} version ${version.slice(0, SHORT)} ${isNew ? 'is imported' : 'was there already'}: ${documents} documents, ${passages} passages (${added} new, ${replaced} replaced, ${unchanged} unchanged)`,
      );
    }
    return 0;
  });
}

async function list(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const datasets = await runtime.listKnowledge(context);
    if (session.json) session.printJson({ datasets });
    else if (datasets.length === 0) session.notice('there is no dataset yet: riskflow knowledge import NAME FILE…');
    else {
      const rows = datasets.map((row) => [row.dataset, row.id, row.version.slice(0, SHORT), row.documents, row.passages]);
      const number = (title: string) => ({ title, align: 'right' }) as const;
      session.print(
        renderTable([{ title: 'dataset' }, { title: 'id' }, { title: 'version' }, number('documents'), number('passages')], rows),
      );
    }
    return 0;
  });
}

async function search(session: Session, command: Command): Promise<number> {
  const [dataset = '', query = ''] = command.args;
  const { topK = TOP_K } = command.opts<{ topK?: number }>();
  return withApp(session, async ({ runtime, context }) => {
    const passages = await runtime.searchKnowledge(context, { dataset, query, topK });
    if (session.json) {
      session.printJson({
        passages: passages.map(({ document, segmentId, position, score, content }) => ({
          document: document.name,
          segmentId,
          position,
          score,
          content,
        })),
      });
    } else if (passages.length === 0) session.notice(`nothing in the dataset "${dataset}" has a word of this question`);
    else {
      const rows = passages.map((passage) => [
        passage.score.toFixed(3),
        passage.document.name,
        passage.position,
        shorten(oneLine(passage.content), 80),
      ]);
      session.print(
        renderTable(
          [{ title: 'score', align: 'right' }, { title: 'document', atMost: 30 }, { title: 'passage', align: 'right' }, { title: 'text' }],
          rows,
        ),
      );
    }
    return 0;
  });
}

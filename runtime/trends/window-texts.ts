import { compileMapping, readText, type Mapping } from '../../connectors/index.ts';
import { RiskflowError, type ArrivedRecord, type SourceSettings, type TrendKey } from '../../schemas/index.ts';
import { clusterTexts, timeOf, type TextCluster } from '../../trends/index.ts';
import type { Context } from '../context.ts';
import { viewOf } from '../streams/deciding/record-inputs.ts';

export type TextsRequest = {
  readonly sourceId: string;
  readonly settings: SourceSettings;
  /** Records up to this arrival are looked at. */
  readonly upTo: number;
  /** Milliseconds since 1970 UTC; `to` is not in it. */
  readonly from: number;
  readonly to: number;
  /** Only records with these facets; null says nothing. */
  readonly key: TrendKey;
  readonly clusters: number;
};

export type WindowTexts = { readonly clusters: readonly TextCluster[]; readonly read: number };

const PAGE = 500;
/** As many records are looked at for texts. */
const MOST_RECORDS = 5000;
/** And so many texts are compared. */
const MOST_TEXTS = 1000;
/** Bytes of a text that are shown. */
const LONGEST_SHOWN = 280;

/** Texts of a window, near-equal ones together: from its newest records, going back. */
export async function windowTexts(context: Context, request: TextsRequest): Promise<WindowTexts> {
  const compiled = compileMapping(request.settings.record);
  if (!compiled.ok) throw new RiskflowError('invalid_file', `the record settings of "${request.sourceId}" cannot be read`);
  const records = await recordsBack(context, request);
  const texts = records.flatMap((record) => {
    const text = textOf(compiled.mapping, record);
    return text === undefined ? [] : [{ text, reporter: record.reporter }];
  });
  const compared = texts.slice(-MOST_TEXTS);
  const clusters = clusterTexts(compared, request.clusters).map((cluster) => ({ ...cluster, text: shown(cluster.text) }));
  return { clusters, read: compared.length };
}

const textOf = (mapping: Mapping, record: ArrivedRecord): string | undefined => readText(mapping, viewOf(record));

/** Those of the window among the last that came before its end, in order of arrival. */
async function recordsBack(context: Context, request: TextsRequest): Promise<readonly ArrivedRecord[]> {
  const { storage, workspaceId } = context;
  const { sourceId, from, to, key } = request;
  const pages: (readonly ArrivedRecord[])[] = [];
  let upTo = await lastReceivedBy(context, request);
  for (let looked = 0; looked < MOST_RECORDS && upTo > 0; looked += PAGE) {
    const page = await storage.inbox.range(workspaceId, sourceId, { after: Math.max(0, upTo - PAGE), upTo, limit: PAGE });
    pages.unshift(page.filter((record) => timeOf(record) >= from && timeOf(record) < to && fits(record, key)));
    // Records come about in the order of their events: a page before the window ends the search.
    if (page.every((record) => timeOf(record) < from)) break;
    upTo -= PAGE;
  }
  return pages.flat();
}

/** Arrivals rise with the time of receipt: the last record that was received before a while after the window. */
async function lastReceivedBy({ storage, workspaceId }: Context, { sourceId, upTo, to }: TextsRequest): Promise<number> {
  const isBefore = async (arrival: number): Promise<boolean> => {
    const [record] = await storage.inbox.range(workspaceId, sourceId, { after: arrival - 1, limit: 1, upTo });
    // One that is deleted counts as the next one that is kept: it came before that.
    return record !== undefined && timeOf(record) < to;
  };
  if (upTo === 0 || (await isBefore(upTo))) return upTo;
  let low = 0;
  let high = upTo;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (await isBefore(middle)) low = middle;
    else high = middle - 1;
  }
  return Math.min(upTo, low + PAGE);
}

const fits = ({ subject, category }: ArrivedRecord, key: TrendKey): boolean =>
  (key.subject === null || key.subject === subject) && (key.category === null || key.category === category);

const shown = (text: string): string => (text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN).toWellFormed()}…`);

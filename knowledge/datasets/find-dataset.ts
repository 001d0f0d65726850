import type { EventStore, KnowledgeImported } from '../../schemas/core.ts';
import { datasetId } from './dataset.ts';

export type Dataset = KnowledgeImported['data'];
type Reads = Pick<EventStore, 'lastOf' | 'readTypes' | 'head'>;

export const datasetStream = (name: string): string => `knowledge/${name}`;

/** The latest version of every dataset, by name. */
export async function listDatasets(events: Reads, workspaceId: string): Promise<readonly Dataset[]> {
  const upTo = await events.head(workspaceId, 'ledger');
  const latest = new Map<string, Dataset>();
  for (const event of await events.readTypes(workspaceId, 'ledger', { types: ['KnowledgeImported'], after: 0, upTo })) {
    const data = event.data as Dataset;
    latest.set(data.dataset, data);
  }
  return Array.from(latest.values()).toSorted((a, b) => (a.dataset < b.dataset ? -1 : 1));
}

/** The latest version of the dataset of a name or an id; undefined where there is none. */
export async function findDataset(events: Reads, workspaceId: string, nameOrId: string): Promise<Dataset | undefined> {
  const last = await events.lastOf(workspaceId, datasetStream(nameOrId));
  if (last?.type === 'KnowledgeImported') return last.data as Dataset;
  const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(nameOrId);
  return isId ? (await listDatasets(events, workspaceId)).find(({ dataset }) => datasetId(dataset) === nameOrId) : undefined;
}

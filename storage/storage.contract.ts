import type { Backend } from './contract/backend.ts';
import { blobsContract } from './contract/blobs.contract.ts';
import { effectsContract } from './contract/effects.contract.ts';
import { eventsContract } from './contract/events.contract.ts';
import { inboxContract } from './contract/inbox.contract.ts';
import { leasesContract } from './contract/leases.contract.ts';
import { numbersContract } from './contract/numbers.contract.ts';
import { processesContract } from './contract/processes.contract.ts';
import { projectionsContract } from './contract/projections.contract.ts';
import { workspacesContract } from './contract/workspaces.contract.ts';

/** What every storage must do, whatever the database. */
export function storageContract(backend: Backend): void {
  eventsContract(backend);
  numbersContract(backend);
  leasesContract(backend);
  effectsContract(backend);
  blobsContract(backend);
  inboxContract(backend);
  projectionsContract(backend);
  workspacesContract(backend);
  processesContract(backend);
}

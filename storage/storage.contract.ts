import type { Backend } from './contract/backend.ts';
import { blobsContract } from './contract/blobs.contract.ts';
import { effectsContract } from './contract/effects.contract.ts';
import { eventsContract } from './contract/events.contract.ts';
import { fencesContract } from './contract/fences.contract.ts';
import { inboxContract } from './contract/inbox.contract.ts';
import { leasesContract } from './contract/leases.contract.ts';
import { numbersContract } from './contract/numbers.contract.ts';
import { processesContract } from './contract/processes.contract.ts';
import { projectionsContract } from './contract/projections.contract.ts';
import { realNumbersContract } from './contract/real-numbers.contract.ts';
import { relaysContract } from './contract/relays.contract.ts';
import { repeatedEventsContract } from './contract/repeated-events.contract.ts';
import { trendsContract } from './contract/trends.contract.ts';
import { workspacesContract } from './contract/workspaces.contract.ts';

/** What every storage must do, whatever the database. */
export function storageContract(backend: Backend): void {
  eventsContract(backend);
  repeatedEventsContract(backend);
  fencesContract(backend);
  numbersContract(backend);
  realNumbersContract(backend);
  leasesContract(backend);
  effectsContract(backend);
  blobsContract(backend);
  inboxContract(backend);
  relaysContract(backend);
  projectionsContract(backend);
  trendsContract(backend);
  workspacesContract(backend);
  processesContract(backend);
}

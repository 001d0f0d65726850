/** What those who start workflows and serve their task queues share with them. Not in index.ts, where every function is a workflow. */
export { LEASE_LOST, STORAGE_AWAY } from './batch-activities.ts';
export { priorityOf } from './priority.ts';
export { providerQueue } from './provider-queue.ts';

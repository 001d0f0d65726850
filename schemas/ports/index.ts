/**
 * Every port: what the program needs from an adapter, as types. Each has one contract suite which all adapters pass.
 * Expected failures are values; a thrown error means that the storage itself failed.
 */
export * from './blobs.ts';
export * from './code-runner.ts';
export * from './connectors.ts';
export * from './documents.ts';
export * from './effect-executor.ts';
export * from './effect-results.ts';
export * from './event-store.ts';
export * from './inbox.ts';
export * from './knowledge.ts';
export * from './kept-files.ts';
export * from './leases.ts';
export * from './models.ts';
export * from './outgoing.ts';
export * from './presence.ts';
export * from './read-models.ts';
export * from './relays.ts';
export * from './sinks.ts';
export * from './source-tasks.ts';
export * from './storage.ts';
export * from './tools.ts';
export * from './trends.ts';

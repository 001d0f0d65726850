import type { CompiledQuery } from 'kysely';

/**
 * A statement whose answer nobody looks at. Within a transaction on a server it may be kept back and sent together with the next
 * one, or with the commit: a round trip less. It still runs in its place, and what it fails with fails the transaction.
 */
export type DeferrableQuery = CompiledQuery & { readonly deferrable?: boolean };

import { isGrpcServiceError, type Connection } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { messageOf, RiskflowError } from '../../schemas/index.ts';
import type { RunFlowArgs } from '../../workflows/index.ts';
import type { TemporalPlace } from './address.ts';
import { openTemporalClient } from './open-client.ts';

/** What workflows can be found by in Temporal: names and ids. Never content: the server keeps these as they are, whatever the key. */
export const SEARCH_ATTRIBUTES = {
  flow: 'RiskflowFlow',
  version: 'RiskflowVersion',
  source: 'RiskflowSource',
  batch: 'RiskflowBatch',
  variant: 'RiskflowVariant',
  verdict: 'RiskflowVerdict',
} as const;
export type AttributeValues = { readonly [Name in keyof typeof SEARCH_ATTRIBUTES]?: string };

const NAMES: readonly string[] = Object.values(SEARCH_ATTRIBUTES);
/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal's API. */
const KEYWORD = 2;
/** What a keyword may have where visibility is kept in SQL. */
const MAX_CHARACTERS = 255;
/** Servers look at new attributes after a while. */
const PATIENCE_MS = 20_000;
const POLL_MS = 200;

/** Names of ours that a namespace has, each with the type that they must have. */
export type KnownAttributes = ReadonlySet<string>;

/** The attributes of one run. */
export function runAttributes({ started, flowVersion }: Pick<RunFlowArgs, 'started' | 'flowVersion'>): AttributeValues {
  const { flow, origin } = started.data;
  const of = { flow, version: flowVersion };
  if (origin.kind === 'record') return { ...of, source: origin.sourceId };
  if (origin.kind === 'batch') return { ...of, batch: origin.batchId };
  if (origin.kind === 'sample') return { ...of, batch: origin.evaluationId, variant: origin.variant };
  return of;
}

/** For the start of a workflow: those that the namespace knows, cut to what it takes. */
export function attributePairs(values: AttributeValues, known: KnownAttributes): SearchAttributePair[] {
  return Object.entries(SEARCH_ATTRIBUTES).flatMap(([short, name]) => {
    const value = values[short as keyof AttributeValues];
    if (value === undefined || value === '' || !known.has(name)) return [];
    return [{ key: defineSearchAttributeKey(name, 'KEYWORD'), value: cut(value) }];
  });
}

const cut = (text: string): string => {
  const characters = Array.from(text.toWellFormed());
  return characters.length <= MAX_CHARACTERS ? characters.join('') : `${characters.slice(0, MAX_CHARACTERS - 1).join('')}…`;
};

/** Looks up which there are. A server that does not tell (rights) is taken for one without any. */
export async function knownAttributes(connection: Connection, namespace: string): Promise<KnownAttributes> {
  try {
    const types = await customAttributes(connection, namespace);
    return new Set(NAMES.filter((name) => types.get(name) === KEYWORD));
  } catch {
    return new Set();
  }
}

/** What to tell people once, or undefined when nothing is missing. */
export function missingSentence(known: KnownAttributes, namespace: string): string | undefined {
  const missing = NAMES.filter((name) => !known.has(name));
  return missing.length === 0
    ? undefined
    : `the namespace ${namespace} of Temporal lacks the search attributes ${missing.join(', ')}: riskflow migrate registers them`;
}

export type RegisteredAttributes = { readonly registered: readonly string[]; readonly present: readonly string[] };

/**
 * Makes sure that a namespace has them all. Done twice it does nothing.
 * @throws RiskflowError `failed` when no server answers, or when it refuses; the hint says what somebody with more rights must do
 */
export async function registerSearchAttributes(place: TemporalPlace): Promise<RegisteredAttributes> {
  const { namespace } = place;
  const { connection, close } = await openTemporalClient(place);
  try {
    const before = await customAttributes(connection, namespace).catch((cause: unknown) => {
      throw refusal(cause, { namespace, missing: NAMES });
    });
    const wrong = NAMES.filter((name) => before.has(name) && before.get(name) !== KEYWORD);
    if (wrong.length > 0) throw wrongType(wrong, namespace);
    const missing = NAMES.filter((name) => !before.has(name));
    if (missing.length > 0) await add(connection, { namespace, missing });
    return { registered: missing, present: NAMES.filter((name) => before.has(name)) };
  } finally {
    await close();
  }
}

type Missing = { readonly namespace: string; readonly missing: readonly string[] };

async function add(connection: Connection, { namespace, missing }: Missing): Promise<void> {
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (cause) {
    // Somebody else may have registered them at the same time.
    const now = await customAttributes(connection, namespace).catch(() => new Map<string, number>());
    if (!missing.every((name) => now.has(name))) throw refusal(cause, { namespace, missing });
  }
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const now = await customAttributes(connection, namespace);
    if (missing.every((name) => now.has(name))) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw refusal(new Error(`they did not show up within ${PATIENCE_MS / 1000} s`), { namespace, missing });
}

async function customAttributes(connection: Connection, namespace: string): Promise<ReadonlyMap<string, number>> {
  const { customAttributes: types } = await connection.operatorService.listSearchAttributes({ namespace });
  return new Map(Object.entries(types));
}

function refusal(cause: unknown, { namespace, missing }: Missing): RiskflowError {
  const why = isGrpcServiceError(cause) ? cause.details : messageOf(cause);
  const command = `temporal operator search-attribute create --namespace ${namespace} ${missing.map((name) => `--name ${name} --type Keyword`).join(' ')}`;
  return new RiskflowError('failed', `Temporal does not register the search attributes of the namespace ${namespace}: ${why}`, {
    cause,
    hint: `have somebody with the rights run: ${command}; runs work without them, but cannot be searched for in Temporal`,
  });
}

const wrongType = (names: readonly string[], namespace: string): RiskflowError =>
  new RiskflowError('failed', `the namespace ${namespace} of Temporal has ${names.join(', ')} with another type than Keyword`, {
    hint: `remove them there (temporal operator search-attribute remove --name …) and register them again`,
  });

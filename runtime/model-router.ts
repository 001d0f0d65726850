import { setTimeout as delay } from 'node:timers/promises';
import {
  classOfText,
  createOpenAiChatModel,
  createPace,
  enumAnswer,
  loadClassifier,
  resolveModel,
  type ModelSettings,
  type Pace,
  type TextExchange,
} from '../models/index.ts';
import {
  isRiskflowError,
  RiskflowError,
  type ChatModel,
  type ModelRouter,
  type NodeClassifier,
  type ResolvedModel,
  type TextClassifier,
} from '../schemas/index.ts';
import type { Context, OnProgress } from './context.ts';
import { trainModel } from './commands/models.ts';
import { resolveSampleSet } from './commands/samples/sample-address.ts';
import type { Settings } from './settings.ts';

export type PaceOf = (endpoint: { readonly baseUrl: string; readonly callsPerSecond?: number }) => Pace | undefined;

/** The paces of a process, by endpoint: `callsPerSecond` holds for all that it does. */
export function createPaces(): PaceOf {
  const paces = new Map<string, Pace>();
  return ({ baseUrl, callsPerSecond }) => {
    if (callsPerSecond === undefined) return undefined;
    const pace =
      paces.get(baseUrl) ??
      createPace(callsPerSecond, { now: () => performance.now(), wait: (ms, signal) => delay(ms, undefined, { signal }) });
    paces.set(baseUrl, pace);
    return pace;
  };
}

export type ModelRouterOptions = {
  readonly context: Context;
  /** Artifacts that are to be used by model name; others are the latest, trained on first use. */
  readonly artifacts: Readonly<Record<string, string>>;
  /** When calls to an endpoint may start: one for all routers of the process. Undefined: at once. */
  readonly paceOf: PaceOf;
  /** What calls to an endpoint leave by. */
  readonly exchangeFor: (baseUrl: string) => TextExchange;
  readonly onNotice: ((sentence: string) => void) | undefined;
  readonly onProgress: OnProgress | undefined;
};

/** Finds what serves a model, once per model: clients and classifiers are kept for the life of the router. */
export function createModelRouter(options: ModelRouterOptions): ModelRouter {
  const settings = modelSettings(options.context.settings);
  const known = new Map<string, Promise<ResolvedModel>>();
  const clients = new Map<string, ChatModel>();
  const find = async (ref: { readonly provider: string; readonly name: string }): Promise<ResolvedModel> => {
    const resolution = resolveModel(ref, settings);
    if (!resolution.ok) return { kind: 'none', ...resolution.problem };
    const { target } = resolution;
    if (target.kind === 'classifier') return findClassifier(options, target.model);
    // The key decides what one may ask, not what is answered: it must not reach a reuse key.
    const pace = options.paceOf(target);
    const client =
      clients.get(target.baseUrl) ??
      createOpenAiChatModel({ ...target, exchange: options.exchangeFor(target.baseUrl), ...(pace === undefined ? {} : { pace }) });
    clients.set(target.baseUrl, client);
    return {
      kind: 'chat',
      model: client,
      name: target.model,
      version: `${target.baseUrl} ${target.model}`,
      hasPrice: Object.hasOwn(target.prices, target.model),
      without: target.without,
    };
  };
  return {
    resolve: (ref) => {
      const name = `${ref.provider}/${ref.name}`;
      const found = known.get(name) ?? find(ref);
      known.set(name, found);
      return found;
    },
  };
}

/** What the models room is told of the settings. */
export function modelSettings({ openai, config, environment }: Settings): ModelSettings {
  return {
    openai: { ...openai, prices: config.prices ?? {}, without: config.without ?? {} },
    providers: Object.fromEntries(
      Object.entries(config.models ?? {}).map(([id, { baseUrl, apiKeyEnv, prices, callsPerSecond, without }]) => [
        id,
        {
          baseUrl,
          apiKeyEnv: apiKeyEnv ?? null,
          prices: prices ?? {},
          without: without ?? {},
          ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
        },
      ]),
    ),
    map: {},
    readKey: (variable) => environment[variable],
  };
}

async function findClassifier({ context, artifacts, onNotice, onProgress }: ModelRouterOptions, model: string): Promise<ResolvedModel> {
  try {
    const artifact = artifacts[model] ?? (await latestArtifact(context, model)) ?? (await trainFirst());
    const bytes = await context.storage.blobs.read(context.workspaceId, artifact);
    if (bytes === undefined)
      throw new RiskflowError('unknown_model', `the trained model ${model} (${artifact.slice(0, 12)}) was erased`, {
        hint: `train it again: riskflow model train ${model}`,
      });
    return { kind: 'classifier', classifier: nodeClassifier(loadClassifier(bytes)), name: model, version: artifact };
  } catch (error) {
    if (!isRiskflowError(error)) throw error;
    return {
      kind: 'none',
      code: 'unknown_model',
      message: `the classifier "${model}" cannot be had: ${error.message}`,
      hint: error.hint ?? `train it: riskflow model train ${model}`,
    };
  }

  async function trainFirst(): Promise<string> {
    await resolveSampleSet(context, model);
    onNotice?.(`training the classifier ${model}, which was not trained yet (as riskflow model train ${model} does)`);
    return (await trainModel(context, { address: model, ...(onProgress === undefined ? {} : { onProgress }) })).artifact;
  }
}

/** The latest artifact trained on the split that the name stands for now; one of an older version of the set does not count. */
async function latestArtifact(context: Context, model: string): Promise<string | undefined> {
  await context.storage.projections.catchUp(context.workspaceId);
  const row = (await context.storage.read.models(context.workspaceId, { model })).at(-1);
  if (row === undefined) return undefined;
  const versions = await context.storage.read.sampleSetVersions(context.workspaceId, { set: row.set });
  const latest = versions.findLast((version) => version.split === row.split);
  return latest === undefined || latest.version === row.setVersion ? row.artifact : undefined;
}

const nodeClassifier = (classifier: TextClassifier): NodeClassifier => ({
  chooseClass: (text, classes) => classOfText(classifier, text, classes),
  chooseEnum: (text, schema) => enumAnswer(classifier, text, schema),
});

import { EVALUATED_HANDLE, fillSecrets, hasSecrets, interpreterFor } from '../flow/index.ts';
import {
  decodeValue,
  encodeValue,
  isObject,
  messageOf,
  NO_USAGE,
  parseJson,
  toJsonText,
  StillWaiting,
  type CodeRunner,
  type Effect,
  type EffectExecutor,
  type EffectRequest,
  type Json,
  type KnowledgeIndex,
  type ModelRouter,
  type PerformOptions,
  type SecretRef,
  type SecretStore,
  type ToolBox,
  type Value,
} from '../schemas/index.ts';
import { performClassifier } from './classifier-effect.ts';
import { performDocument, type DocumentDeps } from './document-effect.ts';
import type { HttpDeps } from './http-deps.ts';
import { performHumanInput } from './human-input-effect.ts';
import { performHttpRequest } from './http-request-effect.ts';
import { performKnowledge } from './knowledge-effect.ts';
import { performLlm } from './llm-effect.ts';
import { performExtractor } from './parameter-extractor-effect.ts';
import { maskOutputs, maskSecrets } from './mask-secrets.ts';
import { failedWith, type Performed } from './performed.ts';
import { sleep } from './sleep.ts';
import { performTool } from './tool-effect.ts';

/** What effects are performed with. */
export type EffectDeps = HttpDeps & {
  readonly workspaceId: string;
  readonly models: ModelRouter;
  readonly code: CodeRunner;
  readonly secrets: SecretStore;
  readonly tools: ToolBox;
  readonly knowledge: KnowledgeIndex;
  /** Milliseconds since 1970, for tools that tell the time. @default Date.now */
  readonly now?: () => number;
} & DocumentDeps;

/**
 * Performs effects by kind, after their delay. Failures are results; rejects only when aborted. Secret values never leave: they are
 * filled in last, and masked in whatever comes back.
 */
export function createEffectExecutor(deps: EffectDeps): EffectExecutor {
  return async (effect, options) => {
    const { signal } = options;
    if (effect.delayMs > 0) await sleep(effect.delayMs, signal);
    const performed = await performSafely(effect, deps, options);
    const known = deps.secrets.values(deps.workspaceId);
    const common = { usage: performed.usage, elapsedMs: performed.elapsedMs, reused: false };
    if ('failure' in performed) {
      return {
        status: 'failed',
        error: { ...performed.failure, message: maskSecrets(performed.failure.message, known) as string },
        ...common,
      };
    }
    return {
      status: 'succeeded',
      outputs: encodeValue(maskOutputs(performed.outputs, known, OWN_OUTPUTS[effect.request.kind] ?? [])),
      ...common,
    };
  };
}

/** Outputs that hold an id from the flow, which the interpreter goes on by. */
const OWN_OUTPUTS: Readonly<Partial<Record<EffectRequest['kind'], readonly string[]>>> = {
  evaluate: [EVALUATED_HANDLE],
  'question-classifier': ['class_id'],
};

async function performSafely(effect: Effect, deps: EffectDeps, options: PerformOptions): Promise<Performed> {
  try {
    return await perform(effect, deps, options);
  } catch (error) {
    if (options.signal.aborted || error instanceof StillWaiting) throw error;
    return failedWith('InternalError', `the ${effect.nodeType} node could not be performed: ${messageOf(error)}`);
  }
}

function perform(effect: Effect, deps: EffectDeps, options: PerformOptions): Promise<Performed> | Performed {
  const { signal } = options;
  const { request } = effect;
  switch (request.kind) {
    case 'pinned':
      return performPinned(request.pin, signal);
    case 'document-extractor':
      return performDocument(request, deps, options);
    case 'knowledge-retrieval':
      return performKnowledge(withSecrets(request, deps), deps, options);
    case 'tool': {
      const args = revealed(decodeValue(withSecrets(request, deps).arguments), deps);
      const { runId, effectId, attempt } = effect;
      const context = {
        ...options,
        workspaceId: deps.workspaceId,
        runId,
        effectId,
        attempt,
        withSecrets: effect.secrets.length > 0,
        depth: request.depth,
        now: deps.now ?? Date.now,
      };
      return performTool(request, { tools: deps.tools, args: isObject(args) ? args : new Map(), context });
    }
    case 'evaluate': {
      const evaluated = interpreterFor(request).evaluateWithSecrets(request, (ref) => reveal(deps, ref));
      return evaluated.ok
        ? { outputs: evaluated.outputs, usage: NO_USAGE, elapsedMs: 0 }
        : failedWith(evaluated.error.type, evaluated.error.message);
    }
    case 'code':
      return performCode(request, deps, { flowVersion: effect.flowVersion, signal });
    case 'http-request':
      return performHttpRequest(
        {
          request,
          filled: withSecrets(request, deps),
          secrets: deps.secrets.values(deps.workspaceId),
          runId: effect.runId,
          purpose: `http-request node "${effect.title === '' ? effect.nodeId : effect.title}"`,
          signal,
          slot: options.slot,
        },
        deps,
      );
    case 'human-input':
      return performHumanInput(request, (deps.now ?? Date.now)());
    case 'llm':
      return performLlm(withSecrets(request, deps), deps, options);
    case 'question-classifier':
      return performClassifier(withSecrets(request, deps), deps, options);
    case 'parameter-extractor':
      return performExtractor(withSecrets(request, deps), deps, options);
  }
}

async function performPinned(pin: Extract<Effect['request'], { kind: 'pinned' }>['pin'], signal: AbortSignal): Promise<Performed> {
  if (pin.delayMs !== undefined && pin.delayMs > 0) await sleep(pin.delayMs, signal);
  if ('error' in pin) return failedWith(pin.errorType ?? 'PinnedError', pin.error, true);
  const outputs = decodeValue(pin.outputs);
  return outputs instanceof Map
    ? { outputs, usage: NO_USAGE, elapsedMs: pin.delayMs ?? 0 }
    : failedWith('PinnedError', 'pinned outputs must be an object');
}

async function performCode(
  request: Extract<Effect['request'], { kind: 'code' }>,
  deps: EffectDeps,
  { signal, flowVersion }: { readonly signal: AbortSignal; readonly flowVersion: string },
): Promise<Performed> {
  const inputs = revealed(decodeValue(request.inputs), deps);
  const result = await deps.code.run({
    language: request.language,
    code: request.code,
    inputsJson: toJsonText(inputs),
    scope: { workspaceId: deps.workspaceId, flowVersion },
    signal,
  });
  const usage = NO_USAGE;
  if (!result.ok)
    return {
      failure: { message: result.message, type: result.type, retryable: result.type !== 'CodeOutputError' },
      usage,
      elapsedMs: result.elapsedMs,
    };
  const parsed = parseJson(result.json);
  if (!parsed.ok)
    return {
      failure: { message: `the code returned no JSON value: ${parsed.error.message}`, type: 'CodeOutputError', retryable: false },
      usage,
      elapsedMs: result.elapsedMs,
    };
  return { outputs: new Map([['result', parsed.value]]), usage, elapsedMs: result.elapsedMs };
}

function reveal(deps: EffectDeps, ref: SecretRef): string {
  const value = deps.secrets.reveal(deps.workspaceId, ref);
  if (value === undefined) throw new Error(`secret "${ref.secret}" is not set: set RISKFLOW_SECRET_${ref.secret}`);
  return value;
}

/** Every secret in a value by its text, wherever it stands. */
function revealed(value: Value, deps: EffectDeps): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => revealed(item, deps));
  if (value instanceof Map)
    return new Map(Array.from(value as ReadonlyMap<string, Value>, ([key, item]): [string, Value] => [key, revealed(item, deps)]));
  return 'secret' in value ? reveal(deps, value) : value;
}

/** Fills the placeholders in all texts of a request. */
function withSecrets<T extends Json | object>(request: T, deps: EffectDeps): T {
  const fill = (part: unknown): unknown => {
    if (typeof part === 'string') return hasSecrets(part) ? fillSecrets(part, (ref) => reveal(deps, ref)) : part;
    if (Array.isArray(part)) return part.map(fill);
    if (typeof part === 'object' && part !== null) return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, fill(item)]));
    return part;
  };
  return fill(request) as T;
}

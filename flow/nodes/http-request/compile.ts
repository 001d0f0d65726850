import { httpRequestDataSchema, nodeCommonSchema, type HttpRequestData } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';
import { compileVariableTemplate, templateSelectors } from '../../text/index.ts';
import type { HttpBody, HttpRequestConfig, PairLine } from './config.ts';

type BodyResult = { readonly ok: true; readonly body: HttpBody } | { readonly ok: false; readonly message: string };
type BodyData = NonNullable<HttpRequestData['body']>;

/** What Dify's Docker gives where a node says nothing, and the most that a node may have: milliseconds. */
const LONGEST_MS = { connect: 10_000, read: 600_000, write: 600_000 } as const;

export function compileHttpRequest(data: YamlPlain): BehaviourResult {
  const parsed = httpRequestDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { method, url, params, headers, timeout, ssl_verify } = parsed.data;
  const body = compileBody(parsed.data.body ?? { type: 'none' });
  if (!body.ok) return unfit(body.message);
  const authorization = compileAuthorization(parsed.data.authorization);
  if (authorization === undefined) return unfit('its authorization is api-key and has no config');
  const config: HttpRequestConfig = {
    method,
    url: compileVariableTemplate(url.trim()),
    params: pairLines(params),
    headers: pairLines(headers),
    authorization,
    body: body.body,
    timeouts: {
      connect: milliseconds(timeout?.connect, LONGEST_MS.connect),
      read: milliseconds(timeout?.read, LONGEST_MS.read),
      write: milliseconds(timeout?.write, LONGEST_MS.write),
    },
    verifyTls: ssl_verify ?? true,
    failsOnStatus: failsOnStatus(data),
  };
  const warnings = [
    ...(ssl_verify === false
      ? ['it takes any certificate (ssl_verify is off): whoever is in between can read and change what is sent']
      : []),
    ...(startsLikeUrl(config) ? [] : [`its url begins with neither http:// nor https://: a run that reaches it fails`]),
  ];
  return { ok: true, behaviour: { kind: 'http-request', config }, warnings };
}

/** As in Dify, only a run that reaches it fails. */
const unfit = (reason: string): BehaviourResult => ({
  ok: true,
  behaviour: { kind: 'unsupported', config: { reason } },
  warnings: [`${reason}: a run that reaches it fails`],
});

/** A strategy for errors or retries makes an error of what is a plain answer without them. */
function failsOnStatus(data: YamlPlain): boolean {
  const common = nodeCommonSchema.safeParse(data);
  if (!common.success) return false;
  const { error_strategy, retry_config } = common.data;
  return error_strategy === 'fail-branch' || error_strategy === 'default-value' || retry_config?.retry_enabled === true;
}

/** Null for none; undefined where its config is missing. */
function compileAuthorization(authorization: HttpRequestData['authorization']): HttpRequestConfig['authorization'] | undefined {
  if (authorization?.type !== 'api-key') return null;
  const { config } = authorization;
  if (config == null) return undefined;
  const header = config.header.trim() === '' ? 'Authorization' : config.header.trim();
  return { type: config.type ?? 'basic', key: compileVariableTemplate(config.api_key), header: compileVariableTemplate(header) };
}

function compileBody({ type, data }: BodyData): BodyResult {
  const items = typeof data === 'string' ? [] : (data ?? []);
  switch (type) {
    case 'none':
      return { ok: true, body: { kind: 'none' } };
    case 'raw-text':
    case 'json': {
      // Newer files may have no item at all while nothing is written; Dify fails at the second.
      if (items.length > 1) return { ok: false, message: `its body.data has ${items.length} items, and a ${type} body has one` };
      const text = typeof data === 'string' ? data : (items[0]?.value ?? '');
      return { ok: true, body: { kind: type, text: compileVariableTemplate(text) } };
    }
    case 'binary': {
      const file = items[0]?.file ?? null;
      if (items.length !== 1 || file === null)
        return { ok: false, message: 'its body is binary, and body.data is not one item that names a file' };
      return { ok: true, body: { kind: 'binary', file } };
    }
    case 'x-www-form-urlencoded':
      return { ok: true, body: { kind: type, fields: typeof data === 'string' ? pairLines(data) : items.map(pairOf) } };
    case 'form-data':
      return {
        ok: true,
        body: {
          kind: type,
          fields:
            typeof data === 'string'
              ? pairLines(data)
              : items.map((item) =>
                  item.type === 'file' && item.file != null ? { name: compileVariableTemplate(item.key), file: item.file } : pairOf(item),
                ),
        },
      };
  }
}

const pairOf = ({ key, value }: { readonly key: string; readonly value: string }): PairLine => ({
  name: compileVariableTemplate(key),
  value: compileVariableTemplate(value),
});

/** Lines `name:value`, blanks around both left out. Lines without a name are left out. */
function pairLines(text: string): readonly PairLine[] {
  return text.split(/\r\n|[\n\r]/).flatMap((given): PairLine[] => {
    const line = given.trim();
    const colon = line.indexOf(':');
    // Variables are written {{#node.name#}}: there is no colon within.
    if (colon < 0) {
      const lines = compileVariableTemplate(line);
      return templateSelectors(lines).length > 0 ? [{ lines }] : line === '' ? [] : [pairOf({ key: line, value: '' })];
    }
    const key = line.slice(0, colon).trim();
    return key === '' ? [] : [pairOf({ key, value: line.slice(colon + 1).trim() })];
  });
}

const milliseconds = (seconds: number | null | undefined, most: number): number =>
  seconds == null || seconds <= 0 ? most : Math.min(Math.ceil(seconds * 1000), most);

const startsLikeUrl = ({ url }: HttpRequestConfig): boolean => {
  const [first] = url.segments;
  return first?.token === true || /^https?:\/\//.test(first?.text ?? '');
};

import type { Values } from '../../../schemas/core.ts';
import { DEFAULT_HANDLE, type Conclusion } from '../../engine/node-outcome.ts';
import type { HttpRequestConfig } from './config.ts';

/** Any answer is a success, unless the flow says what is to be done about errors: then a status that is not 2xx is one. */
export function concludeHttpRequest({ failsOnStatus }: HttpRequestConfig, outputs: Values): Conclusion {
  const status = outputs.get('status_code');
  if (failsOnStatus && typeof status === 'number' && (status < 200 || status > 299)) {
    return { ok: false, error: { type: 'HTTPResponseCodeError', message: `Request failed with status code ${status}` } };
  }
  return { ok: true, outputs, handle: DEFAULT_HANDLE };
}

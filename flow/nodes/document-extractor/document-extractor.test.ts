import { describe, expect, it } from 'vitest';
import { objectOf, type Value } from '../../../schemas/core.ts';
import { compileDocumentExtractor } from './compile.ts';
import { startDocumentExtractor } from './start.ts';

const file = (more: Readonly<Record<string, Value>> = {}): Value =>
  objectOf(
    Object.entries({
      dify_model_identity: '__dify__file__',
      type: 'document',
      transfer_method: 'remote_url',
      filename: 'a.pdf',
      extension: '.pdf',
      remote_url: 'https://x/a.pdf',
      ...more,
    }),
  );
const descriptor = {
  name: 'a.pdf',
  extension: '.pdf',
  mimeType: null,
  transferMethod: 'remote_url',
  url: 'https://x/a.pdf',
  relatedId: null,
};

function start(value: Value | undefined): unknown {
  const compiled = compileDocumentExtractor({ variable_selector: ['start', 'f'], is_array_file: false });
  if (!compiled.ok || compiled.behaviour.kind !== 'document-extractor') return 'not compiled';
  const outcome = startDocumentExtractor(compiled.behaviour.config, { lookup: () => value, modelMap: {} });
  if (outcome.kind === 'effect') return outcome.request;
  return outcome.kind === 'finished' ? Object.fromEntries(outcome.outputs) : outcome.kind === 'failed' ? outcome.error : null;
}

describe('a document-extractor node', () => {
  it.each<readonly [string, Value | undefined, unknown]>([
    ['asks for the text of a file', file(), { kind: 'document-extractor', many: false, files: [descriptor] }],
    [
      'asks for those of a list, nulls left out',
      [file(), null, file({ filename: '' })],
      { kind: 'document-extractor', many: true, files: [descriptor, { ...descriptor, name: null }] },
    ],
    ['has no texts of an empty list', [], { text: [] }],
    ['nor of nulls', [null], { text: [] }],
    ['nor of nothing, as in Dify', null, { text: [] }],
    ['nor of an empty text', '', { text: [] }],
    ['fails for a text', 'a.pdf', { type: 'DocumentExtractorError', message: 'the variable start.f is not a file or a list of files' }],
    [
      'fails for a list with something else in it',
      [file(), 'x'],
      { type: 'DocumentExtractorError', message: 'the variable start.f is not a file or a list of files' },
    ],
    [
      'fails for what does not exist',
      undefined,
      { type: 'DocumentExtractorError', message: 'the variable start.f does not exist at this point of the flow' },
    ],
  ])('%s', (_, value, wanted) => expect(start(value)).toEqual(wanted));
});

import { isArray, type Value, type Values } from '../../../schemas/core.ts';
import { EMPTY, failed, finished, type NodeContext, type NodeOutcome } from '../../engine/node-outcome.ts';
import { fileDescriptor, isFile, isTruthy } from '../../text/index.ts';
import type { DocumentExtractorConfig } from './config.ts';

/** Asks for the text of a file, or of each file of a list. What is empty or null gives an empty list, as in Dify. */
export function startDocumentExtractor({ variable }: DocumentExtractorConfig, { lookup }: NodeContext): NodeOutcome {
  const value = lookup(variable);
  const name = variable.join('.');
  if (value === undefined) return refused(EMPTY, `the variable ${name} does not exist at this point of the flow`);
  const inputs: Values = new Map([['variable_selector', variable]]);
  if (!isTruthy(value)) return noTexts(inputs);
  const files = (isArray(value) ? value : [value]).filter((file) => file !== null);
  if (!files.every(isFile)) return refused(inputs, `the variable ${name} is not a file or a list of files`);
  if (files.length === 0) return noTexts(inputs);
  return {
    kind: 'effect',
    inputs,
    secrets: [],
    request: { kind: 'document-extractor', files: files.map(fileDescriptor), many: isArray(value) },
  };
}

const noTexts = (inputs: Values): NodeOutcome => finished(inputs, new Map<string, Value>([['text', []]]));
const refused = (inputs: Values, message: string): NodeOutcome => failed(inputs, 'DocumentExtractorError', message);

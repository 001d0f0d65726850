import { renderText } from '../../../flow/index.ts';
import { decodeValues, type RunFinished } from '../../../schemas/index.ts';

/** The run's prediction as text: the named output; null when the run did not succeed or gave none. */
export function predictionOf(finished: RunFinished['data'], output: string): string | null {
  if (finished.status !== 'succeeded' && finished.status !== 'partial-succeeded') return null;
  const value = decodeValues(finished.outputs).get(output);
  if (value === undefined || value === null) return null;
  return (typeof value === 'string' ? value : renderText(value)).trim();
}

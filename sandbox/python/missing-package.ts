import { PYODIDE_LACKS } from '../../schemas/index.ts';
import type { PythonBackend } from './backend.ts';

type Told = { readonly message: string; readonly backend: Exclude<PythonBackend, { kind: 'none' }> };

/** The sentence for an import that found nothing: what is missing, why, and what to do about it. */
export function missingPackage(name: string, { message, backend }: Told): string {
  if (backend.kind === 'bubblewrap') {
    return `${message}: the package is not installed here; whoever runs Riskflow adds it with \`riskflow code install REQUIREMENTS.txt\`.`;
  }
  if (PYODIDE_LACKS.has(name)) {
    return `${message}: Python runs in Pyodide here, which lacks this part of the standard library; the bubblewrap backend has it, and \`riskflow doctor\` says how to get that.`;
  }
  return (
    `${message}: Python runs in Pyodide here, with the standard library alone; packages need the bubblewrap backend ` +
    '(`riskflow doctor` says how to get it) and `riskflow code install REQUIREMENTS.txt`.'
  );
}

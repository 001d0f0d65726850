import { expect, it } from 'vitest';
import { createCodeRunner } from '../index.ts';
import { pythonRunnerContract } from './python-runner.contract.ts';

pythonRunnerContract('Pyodide', { python: 'pyodide' });

it('import numpy is answered with one sentence that says what to do', async () => {
  const runner = createCodeRunner({ python: 'pyodide' });
  const result = await runner.run({
    language: 'python3',
    code: 'import numpy as np',
    inputsJson: '{}',
    signal: AbortSignal.timeout(60_000),
  });
  expect(result).toMatchObject({
    ok: false,
    message:
      "ModuleNotFoundError: No module named 'numpy' (line 1): Python runs in Pyodide here, with the standard library alone; packages need the " +
      'bubblewrap backend (`riskflow doctor` says how to get it) and `riskflow code install REQUIREMENTS.txt`.',
  });
  await runner.close();
}, 60_000);

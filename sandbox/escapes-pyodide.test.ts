import { escapeContract } from './escapes.contract.ts';

// No path, so no bubblewrap: only what this program itself closes is between the code and the machine.
escapeContract({ backend: 'Pyodide', language: 'python3', options: { python: 'pyodide', environment: {} } });

import { choosePython } from '../index.ts';
import { pythonRunnerContract } from './python-runner.contract.ts';

const { obstacle } = await choosePython({ setting: 'bubblewrap', environment: process.env });

pythonRunnerContract('CPython in bubblewrap', { python: 'bubblewrap' }, obstacle?.why ?? null);

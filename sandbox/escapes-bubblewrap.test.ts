import { escapeContract } from './escapes.contract.ts';
import { choosePython } from './index.ts';

const { obstacle } = await choosePython({ setting: 'bubblewrap', environment: process.env });

escapeContract({
  backend: 'CPython in bubblewrap',
  language: 'python3',
  options: { python: 'bubblewrap' },
  missing: obstacle?.why ?? null,
});

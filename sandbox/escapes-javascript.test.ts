import { escapeContract } from './escapes.contract.ts';

escapeContract({ backend: 'QuickJS', language: 'javascript', options: {} });

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `../shared` beside the project: there on CI and on developers' machines, absent in a clone on its own. */
const SHARED = fileURLToPath(new URL('../../shared/', import.meta.url));
export const hasShared = existsSync(`${SHARED}cases/README.md`);
export const sharedText = (path: string): string => readFileSync(`${SHARED}${path}`, 'utf8');
/** For names of tests which need it. */
export const needsShared = hasShared ? '' : ' (left out: needs ../shared, which is not here)';

/** What the command line needs before it loads the program. */
export { secretValues } from './configuration/secret-values.ts';

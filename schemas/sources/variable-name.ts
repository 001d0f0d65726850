import { z } from 'zod';
import { isVariableName } from '../mask-text.ts';

/** Where somebody may have put the secret itself: it is not repeated. */
export const variableName = z
  .string()
  .min(1)
  .refine(isVariableName, 'this is not the name of a variable: write the name of the one that holds the secret, never the secret itself');

/** A secret by reference: the environment variable, or the file (such as a Docker secret), that holds it. */
export const secretReference = { passwordEnv: variableName.optional(), passwordFile: z.string().min(1).optional() };

/** Files in PEM form. Without `ca` those that the system trusts are trusted. */
export const tlsSettings = z.strictObject({
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  /** The name in the server's certificate, where the address has another. */
  serverName: z.string().min(1).optional(),
});

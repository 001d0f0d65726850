import { RiskflowError } from '../schemas/index.ts';

/** How all passwords in .env.example begin; deploy/refuse-sample-passwords.sh refuses the same ones. */
const SAMPLE = 'change-me';

/** Whether everybody can read this password in .env.example. */
export const isSamplePassword = (password: string): boolean => password.startsWith(SAMPLE);

/** @throws RiskflowError `usage` for a password out of .env.example */
export function refuseSamplePassword(password: string, whose: string): void {
  if (!isSamplePassword(password)) return;
  throw new RiskflowError('usage', `the password for ${whose} is a sample value of .env.example, which everybody knows`, {
    hint: 'give the server a password of its own; for docker-compose.yaml `npm run stack -- env` writes .env with generated ones',
  });
}

import { messageOf, type Storage } from '../../schemas/index.ts';
import { unfitSentence } from '../presence.ts';

export const PATIENCE_MS = 2_000;

/** What is wrong, in a sentence, when a question fails or is not answered soon. */
export async function faultOf(what: string, ask: () => Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  });
  try {
    await Promise.race([ask(), late]);
    return undefined;
  } catch (error) {
    return `${what}: ${messageOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** Why nobody can work on a storage now: it does not answer, or its tables are those of another release by now. */
export async function storageFault(storage: Pick<Storage, 'unfit'>): Promise<string | undefined> {
  let misfit: string | undefined;
  const silent = await faultOf('the storage does not answer', async () => {
    misfit = await storage.unfit();
  });
  return silent ?? (misfit === undefined ? undefined : unfitSentence(misfit));
}

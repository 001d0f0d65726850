import { RiskflowError } from '../../schemas/core.ts';

export type Pairs = Readonly<Record<string, string>>;
export type PairOption = {
  readonly option: string;
  /** What stands before and after the "=", for the sentence. */
  readonly form: string;
  /** Both sides name a model as PROVIDER/NAME. */
  readonly models?: boolean;
};

/** A reader for commander: collects `KEY=VALUE` over repeated options. The first "=" divides. */
export const pairs =
  ({ option, form, models = false }: PairOption) =>
  (text: string, before: Pairs | undefined): Pairs => {
    const at = text.indexOf('=');
    const key = text.slice(0, Math.max(0, at)).trim();
    const value = text.slice(at + 1).trim();
    if (at === -1 || key === '' || value === '') throw new RiskflowError('usage', `${option} needs ${form}, not "${text}"`);
    if (models && !(isModel(key) && isModel(value))) {
      throw new RiskflowError('usage', `${option} ${text}: a model is written PROVIDER/NAME`, {
        hint: 'for example --map-model openai/gpt-4o-mini=riskflow/classifier/reports@tune',
      });
    }
    if (before !== undefined && Object.hasOwn(before, key)) throw new RiskflowError('usage', `${option} names "${key}" twice`);
    return { ...before, [key]: value };
  };

const isModel = (text: string): boolean => /^[^/]+(\/[^/]+)+$/.test(text);

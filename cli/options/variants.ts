import { RiskflowError } from '../../schemas/core.ts';
import { pairs, type Pairs } from './pairs.ts';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,39}$/u;
const read = pairs({ option: '--variant', form: 'NAME=FLOW' });

/** A reader for commander: collects `NAME=FLOW`. A and B have options of their own. */
export function variants(text: string, before: Pairs | undefined): Pairs {
  const named = read(text, before);
  const name = text.slice(0, text.indexOf('=')).trim();
  if (name.toUpperCase() === 'A' || name.toUpperCase() === 'B')
    throw new RiskflowError('usage', `--variant ${text}: the variant ${name} is given with --${name.toLowerCase()}`);
  if (!NAME.test(name))
    throw new RiskflowError('usage', `--variant ${text}: a name has letters, digits, "_", "-" and "." only, at most 40`);
  return named;
}

import { RE2JS } from 're2js';
import { pythonRepr } from '../../flow/index.ts';
import { messageOf, type Tool } from '../../schemas/index.ts';
import { gave, textArgument, toolFailed } from './tool-results.ts';

const LONGEST_TEXT = 1_000_000;
const LONGEST_EXPRESSION = 2000;
const MOST_MATCHES = 100_000;

/**
 * Dify's `regex_extract`: all matches as Python's `re.findall` gives and prints them, the text of the match, of its only group, or of all
 * its groups. RE2 takes time in proportion to the text; back references and look-around, which would not, are errors.
 */
export const regexExtract: Tool['run'] = (args) => {
  const content = textArgument(args.get('content')).trim();
  const expression = textArgument(args.get('expression')).trim();
  if (content.length > LONGEST_TEXT) return toolFailed(`the content has more than ${LONGEST_TEXT} characters`);
  if (expression === '' || expression.length > LONGEST_EXPRESSION) {
    return toolFailed(`the expression is empty or has more than ${LONGEST_EXPRESSION} characters`);
  }
  try {
    const matcher = RE2JS.compile(expression).matcher(content);
    const matches: (readonly string[])[] = [];
    while (matcher.find()) {
      if (matches.length === MOST_MATCHES) return toolFailed(`the expression matches more than ${MOST_MATCHES} times`);
      matches.push(Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? ''));
    }
    const texts = matches.map(([all = '', ...groups]) => (groups.length > 1 ? groups : (groups[0] ?? all)));
    const printed = texts.map((item) => (typeof item === 'string' ? pythonRepr(item) : `(${item.map(pythonRepr).join(', ')})`));
    return gave({ text: `[${printed.join(', ')}]` });
  } catch (error) {
    return toolFailed(`the expression cannot be used: ${messageOf(error)} (it is read as RE2 has it)`);
  }
};

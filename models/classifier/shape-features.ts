// Every repetition has an upper bound or cannot match in two ways: hostile texts must not make a search slow.
const URL_LIKE =
  /(?:https?:\/\/|www\.)\S|\b[a-z0-9][a-z0-9-]{0,62}\.(?:com|net|org|info|biz|io|me|cc|cn|uk|ru|top|xyz|vip|site|shop|club|app|link|tv)\b/iu;
const EMAIL_LIKE = /[^\s@]@[^\s@]{1,64}\.\p{L}{2}/u;
const PHONE_LIKE = /(?:\+?\d[\s().-]?){7,}/u;
const MONEY_LIKE = /[$£€¥₹₽₩]|\d\s?(?:元|块|万|美元|usd|rmb|cny|eur|gbp|btc|usdt|dollars?|pounds?|euros?)/iu;
const HANDLE_LIKE = /(?:^|\s)@\w|微信|qq|telegram|whatsapp|vx|v信/iu;
const EMOJI = /\p{Extended_Pictographic}/u;
const DIGITS = /\d+/gu;
const CAPITALS = /\p{Lu}/gu;
const LETTERS = /\p{L}/gu;
const SPACELESS = /\p{Script=Han}/gu;

/**
 * What a text looks like, whatever it says, as names of features: links, mail addresses, phone numbers, money, runs of digits by
 * length, length, share of capitals and of Chinese characters, exclamation and question marks.
 *
 * @param text in its own case (`plainText`).
 */
export function shapesOf(text: string): readonly string[] {
  const shapes: string[] = [];
  if (URL_LIKE.test(text)) shapes.push('url');
  if (EMAIL_LIKE.test(text)) shapes.push('email');
  if (PHONE_LIKE.test(text)) shapes.push('phone');
  if (MONEY_LIKE.test(text)) shapes.push('money');
  if (HANDLE_LIKE.test(text)) shapes.push('handle');
  if (EMOJI.test(text)) shapes.push('emoji');
  for (const [run] of text.matchAll(DIGITS)) shapes.push(`digits ${Math.min(run.length, 12)}`);
  shapes.push(`length ${magnitude(text.length)}`);
  shapes.push(`marks ${Math.min(countOf(text, '!') + countOf(text, '！'), 4)} ${Math.min(countOf(text, '?') + countOf(text, '？'), 3)}`);
  const letters = text.match(LETTERS)?.length ?? 0;
  shapes.push(`capitals ${share(text.match(CAPITALS)?.length ?? 0, letters)}`);
  shapes.push(`han ${share(text.match(SPACELESS)?.length ?? 0, letters)}`);
  return shapes;
}

const countOf = (text: string, mark: string): number => text.split(mark).length - 1;

/** Which power of two a number reaches: 0, 1, 2, 2, 3, 3, 3, 3, … */
const magnitude = (n: number): number => 32 - Math.clz32(n);

/** A share of `whole` as one of six steps. */
function share(part: number, whole: number): number {
  if (part === 0 || whole === 0) return 0;
  return 1 + [0.1, 0.3, 0.6, 0.9].filter((step) => part / whole >= step).length;
}

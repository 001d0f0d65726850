import { fail } from '../python/values.ts';

/** Names that HTML also reads without a semicolon: those of the characters U+00A0 to U+00FF, in order. */
const LATIN_NAMES = [
  ...'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para'.split(' '),
  ...'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute'.split(' '),
  ...'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute'.split(
    ' ',
  ),
  ...'THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde'.split(
    ' ',
  ),
  ...'ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml'.split(' '),
];

/** Further names, which need their semicolon; each with the number of its character. */
const OTHER_NAMES = [
  ...'hellip=2026 mdash=2014 ndash=2013 lsquo=2018 rsquo=2019 ldquo=201c rdquo=201d sbquo=201a bdquo=201e bull=2022 trade=2122'.split(' '),
  ...'euro=20ac apos=27 larr=2190 rarr=2192 uarr=2191 darr=2193 harr=2194 lArr=21d0 rArr=21d2 dagger=2020 Dagger=2021 permil=2030'.split(
    ' ',
  ),
  ...'lsaquo=2039 rsaquo=203a oline=203e infin=221e ne=2260 le=2264 ge=2265 asymp=2248 equiv=2261 sum=2211 prod=220f radic=221a'.split(' '),
  ...'minus=2212 lowast=2217 int=222b part=2202 nabla=2207 isin=2208 notin=2209 cap=2229 cup=222a sub=2282 sup=2283 and=2227'.split(' '),
  ...'or=2228 forall=2200 exist=2203 empty=2205 ang=2220 sim=223c thinsp=2009 ensp=2002 emsp=2003 zwnj=200c zwj=200d lrm=200e'.split(' '),
  ...'rlm=200f alpha=3b1 beta=3b2 gamma=3b3 delta=3b4 epsilon=3b5 zeta=3b6 eta=3b7 theta=3b8 iota=3b9 kappa=3ba lambda=3bb mu=3bc'.split(
    ' ',
  ),
  ...'nu=3bd xi=3be omicron=3bf pi=3c0 rho=3c1 sigma=3c3 sigmaf=3c2 tau=3c4 upsilon=3c5 phi=3c6 chi=3c7 psi=3c8 omega=3c9'.split(' '),
  ...'Alpha=391 Beta=392 Gamma=393 Delta=394 Epsilon=395 Theta=398 Lambda=39b Pi=3a0 Sigma=3a3 Phi=3a6 Psi=3a8 Omega=3a9 OElig=152'.split(
    ' ',
  ),
  ...'oelig=153 Scaron=160 scaron=161 Yuml=178 fnof=192 circ=2c6 tilde=2dc check=2713 cross=2717 star=2606 starf=2605 hearts=2665'.split(
    ' ',
  ),
  ...'spades=2660 clubs=2663 diams=2666 loz=25ca Tab=9 NewLine=a num=23 percnt=25 lpar=28 rpar=29 plus=2b comma=2c period=2e'.split(' '),
  ...'sol=2f colon=3a semi=3b equals=3d quest=3f commat=40 lsqb=5b bsol=5c rsqb=5d Hat=5e lowbar=5f grave=60 lbrace=7b vert=7c'.split(' '),
  ...'rbrace=7d excl=21 dollar=24 ast=2a'.split(' '),
];

const WITHOUT_SEMICOLON: ReadonlyMap<string, string> = new Map([
  ...LATIN_NAMES.map((name, i): [string, string] => [name, String.fromCharCode(0xa0 + i)]),
  ...Object.entries({
    amp: '&',
    AMP: '&',
    lt: '<',
    LT: '<',
    gt: '>',
    GT: '>',
    quot: '"',
    QUOT: '"',
    copy: '\u00a9',
    COPY: '\u00a9',
    reg: '\u00ae',
    REG: '\u00ae',
  }),
]);
const WITH_SEMICOLON: ReadonlyMap<string, string> = new Map(
  OTHER_NAMES.map((pair): [string, string] => {
    const [name = '', code = ''] = pair.split('=');
    return [name, String.fromCodePoint(Number.parseInt(code, 16))];
  }),
);

const REFERENCE = /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/gu;

/** `html.unescape` of Python. @throws TemplateFailure for a name that is not among those known here and may be one of HTML's many */
export const unescapeHtml = (text: string): string =>
  text.includes('&') ? text.replace(REFERENCE, (_all, body: string) => character(body)) : text;

function character(body: string): string {
  if (body.startsWith('#')) return numbered(body.replace(/;$/, ''));
  const name = body.replace(/;$/, '');
  const known = WITHOUT_SEMICOLON.get(name) ?? (body.endsWith(';') ? WITH_SEMICOLON.get(name) : undefined);
  if (known !== undefined) return known;
  if (body.endsWith(';') && /^[A-Za-z][A-Za-z0-9]*$/.test(name)) return fail('LimitError', `the HTML entity &${body} is not supported`);
  for (let length = body.length - 1; length > 1; length--) {
    const start = WITHOUT_SEMICOLON.get(body.slice(0, length));
    if (start !== undefined) return start + body.slice(length);
  }
  return `&${body}`;
}

// Browsers read the numbers 128 to 159 as characters of Windows-1252.
const WINDOWS = [
  ...[0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f],
  ...[0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178],
];

function numbered(body: string): string {
  const digits = /^#[xX]/.test(body) ? Number.parseInt(body.slice(2), 16) : Number.parseInt(body.slice(1), 10);
  if (digits === 0 || digits > 0x10ffff || (digits >= 0xd800 && digits <= 0xdfff)) return '\ufffd';
  const windows = WINDOWS[digits - 0x80];
  if (windows !== undefined) return String.fromCodePoint(windows);
  return isInvalid(digits) ? '' : String.fromCodePoint(digits);
}

const isInvalid = (code: number): boolean =>
  (code >= 0x1 && code <= 0x8) ||
  code === 0xb ||
  (code >= 0xe && code <= 0x1f) ||
  code === 0x7f ||
  (code >= 0xfdd0 && code <= 0xfdef) ||
  (code & 0xfffe) === 0xfffe;

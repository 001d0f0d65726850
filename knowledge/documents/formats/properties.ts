/** Lines `key: value` of a Java properties file; comments and empty lines stay. */
export const propertiesText = (text: string): string =>
  text
    .replace(/\r\n?|\n$/g, (end) => (end === '\n' ? '' : '\n'))
    .split('\n')
    .map(propertyLine)
    .join('\n');

function propertyLine(line: string): string {
  const bare = line.trim();
  if (bare === '' || bare.startsWith('#') || bare.startsWith('!')) return bare;
  const at = bare.includes('=') ? bare.indexOf('=') : bare.indexOf(':');
  return at < 0 ? `${bare}: ` : `${bare.slice(0, at).trim()}: ${bare.slice(at + 1).trim()}`;
}

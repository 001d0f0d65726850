/** What a schema check found, as zod gives it. */
type SchemaError = { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };

/** The first problem a schema found, with the place in the file: "workflow.graph.nodes[3].data.type: …". */
export const firstIssue = (error: SchemaError): string => allIssues(error)[0] ?? 'its form is not the expected one';

/** All problems a schema found; `place` is where the checked data stands. */
export function allIssues(error: SchemaError, place: readonly PropertyKey[] = []): readonly string[] {
  return error.issues.map(({ path, message }) => {
    const where = placeText([...place, ...path]);
    return where === '' ? lower(message) : `${where}: ${lower(message)}`;
  });
}

const placeText = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

const lower = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

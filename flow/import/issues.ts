/** What a schema check found, as zod gives it. */
type SchemaError = { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };

/** The first problem a schema found, with the place in the file: "workflow.graph.nodes[3].data.type: …". */
export function firstIssue(error: SchemaError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'its form is not the expected one';
  const place = issue.path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  return place === '' ? lower(issue.message) : `${place}: ${lower(issue.message)}`;
}

const lower = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1);

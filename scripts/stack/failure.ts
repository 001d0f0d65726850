/** Something a person can mend: its message is a whole sentence, shown without a stack trace. */
export class StackFailure extends Error {
  override readonly name = 'StackFailure';
}

/** The text of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

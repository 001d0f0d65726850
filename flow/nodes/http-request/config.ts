import type { Selector } from '../../plan/selector.ts';
import type { VariableTemplate } from '../../text/index.ts';

export type TemplatePair = { readonly name: VariableTemplate; readonly value: VariableTemplate };
/** A line without a colon of its own is a pair, or several, once its variables are filled in. */
export type PairLine = TemplatePair | { readonly lines: VariableTemplate };

export type HttpBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'raw-text'; readonly text: VariableTemplate }
  | { readonly kind: 'json'; readonly text: VariableTemplate }
  | { readonly kind: 'x-www-form-urlencoded'; readonly fields: readonly PairLine[] }
  | {
      readonly kind: 'form-data';
      readonly fields: readonly (PairLine | { readonly name: VariableTemplate; readonly file: Selector })[];
    }
  | { readonly kind: 'binary'; readonly file: Selector };

export type HttpRequestConfig = {
  /** In capitals. */
  readonly method: string;
  readonly url: VariableTemplate;
  readonly params: readonly PairLine[];
  readonly headers: readonly PairLine[];
  readonly authorization: {
    readonly type: 'basic' | 'bearer' | 'custom';
    readonly key: VariableTemplate;
    readonly header: VariableTemplate;
  } | null;
  readonly body: HttpBody;
  /** Milliseconds. */
  readonly timeouts: { readonly connect: number; readonly read: number; readonly write: number };
  readonly verifyTls: boolean;
  /** Whether a status that is not 2xx fails the node: where the flow says what then is to be done. */
  readonly failsOnStatus: boolean;
};

import type { Json } from '../../../schemas/core.ts';

export type StartVariable = {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** Encoded. */
  readonly default: Json;
  readonly options: readonly string[];
  /** Characters of a text, files of a list. */
  readonly maxLength: number | null;
  /** Which files may be given; only for `file` and `file-list`. */
  readonly files?: FileRules;
};

/** An empty list allows all. */
export type FileRules = {
  readonly types: readonly string[];
  /** Of files of the type `custom`. In lower case, with the dot. */
  readonly extensions: readonly string[];
  /** `remote_url`, `local_file`. */
  readonly methods: readonly string[];
};

export type StartConfig = {
  readonly variables: readonly StartVariable[];
  /** What begins the flow, where that is no person's start node. */
  readonly trigger?: TriggerConfig;
};

export type WebhookField = { readonly name: string; readonly type: string; readonly required: boolean };

export type TriggerConfig =
  | {
      readonly kind: 'webhook';
      /** In lower case. */
      readonly method: string;
      readonly contentType: string;
      readonly headers: readonly WebhookField[];
      readonly params: readonly WebhookField[];
      readonly body: readonly WebhookField[];
      /** What the caller is answered at once. */
      readonly answer: { readonly status: number; readonly body: string };
    }
  | {
      readonly kind: 'schedule';
      readonly timezone: string;
      readonly times:
        | { readonly cron: string }
        | {
            readonly frequency: 'hourly' | 'daily' | 'weekly' | 'monthly';
            readonly minute: number;
            /** As "2:30 PM". */
            readonly time: string;
            readonly weekdays: readonly string[];
            readonly days: readonly (number | 'last')[];
          };
    }
  /** An event of a plugin: all that it tells is an input, whatever its names. */
  | { readonly kind: 'plugin'; readonly plugin: string; readonly provider: string; readonly event: string };

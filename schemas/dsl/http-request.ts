import { z } from 'zod';
import { listOf, selectorSchema, textOrEmpty, wholeNumber } from './common.ts';

const seconds = z
  .union([
    wholeNumber,
    z
      .string()
      .regex(/^\d+(\.\d+)?$/, 'must be a number of seconds')
      .transform(Number),
  ])
  .nullish();

const bodyItemSchema = z.looseObject({
  key: textOrEmpty,
  type: z.enum(['text', 'file']).nullish(),
  value: textOrEmpty,
  /** Selector of a file, or of a list of files. */
  file: selectorSchema.nullish(),
});

/** The data of an http-request node (facts: dify-semantics §3). */
export const httpRequestDataSchema = z.looseObject({
  method: z
    .string()
    .nullish()
    .transform((method) => (method ?? 'get').toUpperCase())
    .pipe(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'], 'must be get, post, put, patch, delete, head or options')),
  url: textOrEmpty,
  headers: textOrEmpty,
  params: textOrEmpty,
  authorization: z
    .looseObject({
      type: z.enum(['no-auth', 'api-key'], 'must be no-auth or api-key').nullish(),
      config: z
        .looseObject({
          type: z.enum(['basic', 'bearer', 'custom'], 'must be basic, bearer or custom').nullish(),
          api_key: textOrEmpty,
          header: textOrEmpty,
        })
        .nullish(),
    })
    .nullish(),
  body: z
    .looseObject({
      type: z.enum(
        ['none', 'form-data', 'x-www-form-urlencoded', 'raw-text', 'json', 'binary'],
        'must be none, form-data, x-www-form-urlencoded, raw-text, json or binary',
      ),
      /** One text in old files. */
      data: z.union([z.string(), listOf(bodyItemSchema)]).optional(),
    })
    .nullish(),
  timeout: z
    .looseObject({
      connect: seconds,
      read: seconds,
      write: seconds,
      // The editor's own limits, in some files in place of the values.
      max_connect_timeout: seconds,
      max_read_timeout: seconds,
      max_write_timeout: seconds,
    })
    .nullish(),
  ssl_verify: z.boolean().nullish(),
});
export type HttpRequestData = z.output<typeof httpRequestDataSchema>;

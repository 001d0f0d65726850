import type { Reads } from '../node-kind.ts';
import type { ListOperatorConfig } from './config.ts';

export const readsOfListOperator = ({ variable, filters, serial }: ListOperatorConfig): Reads => ({
  selectors: [variable],
  templates: [
    ...(filters ?? []).flatMap(({ value }) => ('template' in value ? [value.template] : [])),
    ...(serial === null ? [] : [serial]),
  ],
});

import type { NamedSelector } from '../../plan/selector.ts';

export type OutputType = { readonly type: string; readonly children: Readonly<Record<string, OutputType>> | null };
export type CodeConfig = {
  readonly language: 'javascript' | 'python3';
  readonly code: string;
  readonly variables: readonly NamedSelector[];
  readonly outputs: Readonly<Record<string, OutputType>>;
};

import type { ToolOutput, ToolResult, Value } from '../../schemas/index.ts';

const NOTHING: ToolOutput = { text: '', files: [], json: [], variables: new Map() };

export const gave = (output: Partial<ToolOutput>): ToolResult => ({ ok: true, output: { ...NOTHING, ...output } });
export const gaveText = (text: string): ToolResult => gave({ text });
export const toolFailed = (message: string, { type = 'ToolInvokeError', retryable = false } = {}): ToolResult => ({
  ok: false,
  message,
  type,
  retryable,
});

export const textArgument = (value: Value | undefined): string => (typeof value === 'string' ? value : '');

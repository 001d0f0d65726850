import { describe, expect, it } from 'vitest';
import { limitedProviders, providerQueues } from './provider-queues.ts';

const baseUrl = 'http://127.0.0.1:1/v1';
const config = {
  models: {
    'langgenius/tongyi/tongyi': { baseUrl, callsPerSecond: 2.5 },
    'acme/chat/large': { baseUrl, callsPerSecond: 10 },
    free: { baseUrl },
  },
};

describe('queues of providers', () => {
  it('are polled for those that have a rate, by their short names', () => {
    expect(providerQueues(config, 'main')).toEqual([
      { provider: 'acme/chat/large', taskQueue: 'main.acme~2fchat~2flarge', callsPerSecond: 10 },
      { provider: 'tongyi', taskQueue: 'main.tongyi', callsPerSecond: 2.5 },
    ]);
    expect(providerQueues({}, 'main')).toEqual([]);
  });

  it('are asked by effects under whichever name the flow has for the provider', () => {
    const limited = limitedProviders(config);
    expect(limited(['tongyi', 'langgenius/tongyi/tongyi', 'free', 'acme/chat/large', 'openai'])).toEqual({
      tongyi: 'tongyi',
      'langgenius/tongyi/tongyi': 'tongyi',
      'acme/chat/large': 'acme/chat/large',
    });
    expect(limitedProviders({})(['tongyi'])).toEqual({});
  });
});

import { describe, expect, it } from 'vitest';
import { environmentSecrets } from './environment-secrets.ts';

describe('environmentSecrets', () => {
  const store = environmentSecrets(
    { RISKFLOW_SECRET_TOKEN: 'value-one', RISKFLOW_SECRET_EMPTY: '', OTHER: 'x', RISKFLOW_SECRET_PIN: '1234' },
    ['sk-key-of-the-model'],
  );

  it('knows the secrets that are set, by the name without its prefix', () => {
    expect(store.version('default', 'TOKEN')).toBe('environment');
    expect(store.reveal('default', { secret: 'TOKEN', version: 'environment' })).toBe('value-one');
  });
  it.each(['EMPTY', 'OTHER', 'NONE'])('does not know %s', (name) => {
    expect(store.version('default', name)).toBeUndefined();
    expect(store.reveal('default', { secret: name, version: 'environment' })).toBeUndefined();
  });
  it('names all values and keys to hide, the short ones too, but no empty one', () => {
    expect(store.values('default')).toEqual(['value-one', '1234', 'sk-key-of-the-model']);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { masked } from '../../../appliance/config/masked.ts';
import { defaultConfig } from '../../../appliance/config/schema.ts';

test('a secret is shown as stars, wherever it lies, and everything else as it is', () => {
  const settings = {
    a: 'open',
    key: 'hush',
    in: { key: 'hush', list: ['hush', 'hush'], set: { x: 'hush' } },
    none: null,
  };
  const secrets = new Set(['key', 'in.key', 'in.list', 'in.set', 'none']);
  const shown = masked(settings, secrets);
  assert.deepEqual(shown, {
    a: 'open',
    key: '********',
    in: { key: '********', list: '********', set: '********' },
    none: null,
  });
  assert.doesNotMatch(JSON.stringify(shown), /hush/);
});

test('the settings of today hold no secret: all are shown', () => {
  assert.deepEqual(masked(defaultConfig()), defaultConfig());
});

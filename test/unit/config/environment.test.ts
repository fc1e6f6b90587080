import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENVIRONMENT, frostbyteVariables, OTHER_VARIABLES } from '../../../appliance/config/environment.ts';
import { defaultConfig } from '../../../appliance/config/schema.ts';

test('only our variables are read, and those of tests are left alone', () => {
  const variables = frostbyteVariables({
    FROSTBYTE_PORT: '1',
    PATH: '/bin',
    frostbyte_port: '2',
    FROSTBYTE_TEST_FAULTS: 'all',
    MY_FROSTBYTE_X: '3',
  });
  assert.deepEqual(variables, { FROSTBYTE_PORT: '1' });
});

test('each variable names a setting that exists, of the type it is read as', () => {
  for (const [name, { path, type }] of Object.entries(ENVIRONMENT)) {
    const value = path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], defaultConfig());
    assert.notEqual(value, undefined, `${name} → ${path}`);
    if (value !== null) assert.equal(typeof value, type === 'number' ? 'number' : 'string', name);
  }
});

test('no setting has two variables, and no variable two meanings', () => {
  const paths = Object.values(ENVIRONMENT).map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  for (const name of Object.keys(OTHER_VARIABLES)) assert.ok(!(name in ENVIRONMENT));
});

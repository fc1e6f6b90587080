import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPin } from '../../../../appliance/control/tenants/pinned-model.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';

const models = async () => ({ known: ['lexical', 'good-model', 'best-model'], present: ['lexical', 'good-model'] });

test('a tenant may be pinned to what is here, or to nothing', async () => {
  for (const config of [{ embedding_model: 'good-model' }, { embedding_model: null }, {}, undefined, null, 'none']) {
    await checkPin(models, config);
  }
});

test('what is no name is left to the schema, and no model is looked for', async () => {
  await checkPin(() => assert.fail('asked'), { embedding_model: 7 });
});

test('a tenant is pinned to what an endpoint has only where it is online', async () => {
  const online = 'BAAI/bge-base-en-v1.5';
  const beside = async () => ({ known: ['lexical', online], present: ['lexical', online], online });
  await checkPin(beside, { embedding_model: online, embedding_mode: 'online' });
  await checkPin(beside, { embedding_model: online }, 'online');
  // What stays on the box may always be said, whatever the pin.
  await checkPin(beside, { embedding_mode: 'offline' }, 'online');
  for (const [config, mode] of [
    [{ embedding_model: online }, undefined],
    [{ embedding_model: online }, 'offline'],
    [{ embedding_model: online, embedding_mode: 'offline' }, 'online'],
  ] as const) {
    await assert.rejects(checkPin(beside, config, mode), { code: 'VALIDATION_ERROR', message: /embeds offline/ });
  }
});

for (const [name, message] of [
  ['best-model', /^The model best-model is not here\. Bring it \(frostbyte model import\)/],
  ['god-model', /^There is no model god-model \(did you mean good-model\?\)/],
  ['zzz', /^There is no model zzz\. `frostbyte model list`/],
] as const) {
  test(`${name} is refused, with the mend and with what there is`, async () => {
    await assert.rejects(checkPin(models, { embedding_model: name }), (error) => {
      assert.ok(isFrostbyteError(error, 'VALIDATION_ERROR'));
      assert.match(error.message, message);
      assert.deepEqual(error.details, [
        { field: 'embedding_model', value: name, constraint: 'one of lexical, good-model' },
      ]);
      return true;
    });
  });
}

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Embedders, embedders } from '../../../../appliance/bin/wire/embedders.ts';
import { defaultConfig } from '../../../../appliance/config/schema.ts';

const MODEL = 'text-embedding-3-small';

function config(url: string | null, model = MODEL) {
  const made = defaultConfig();
  return { ...made, embedder: { ...made.embedder, endpoint: { ...made.embedder.endpoint, url, model } } };
}
const URL = 'https://models.example/v1';
const nameOf = async (of: Embedders, ...asked: Parameters<Embedders['of']>) => (await of.of(...asked)).model;

it('a tenant without an index is embedded as its mode says', async () => {
  const of = embedders(config(URL));
  assert.equal(await nameOf(of, 'acme', null, 'online'), MODEL);
  assert.equal(await nameOf(of, 'acme', null, 'offline'), 'lexical');
  await of.close();
});

it('an index stays with the model that made it, whatever the mode', async () => {
  const of = embedders(config(URL));
  assert.equal(await nameOf(of, 'acme', 'lexical', 'online'), 'lexical');
  assert.equal(await nameOf(of, 'acme', MODEL, 'online'), MODEL);
  await of.close();
});

it('offline nothing is sent, also where the index was made at the endpoint', async () => {
  const of = embedders(config(URL));
  await assert.rejects(of.of('acme', MODEL, 'offline'), {
    code: 'EMBEDDER_UNAVAILABLE',
    message: /embeds offline: nothing is sent there/,
  });
  await of.close();
});

it('without an endpoint an online tenant is embedded by nobody, rather than by another model', async () => {
  const of = embedders(config(null));
  await assert.rejects(of.of('acme', null, 'online'), {
    code: 'EMBEDDER_UNAVAILABLE',
    message: /has no endpoint.*embedder\.endpoint\.url/s,
  });
  await assert.rejects(of.of('acme', MODEL, 'online'), { code: 'EMBEDDER_UNAVAILABLE' });
  assert.equal(await nameOf(of, 'acme', 'lexical', 'online'), 'lexical');
  await of.close();
});

it('an endpoint’s model that is called as one of this box is refused: an index tells its model by name', () => {
  for (const name of ['lexical', 'all-mpnet-base-v2', 'nomic-embed-text-v1.5']) {
    assert.throws(() => embedders(config(URL, name)), { code: 'CONFIG_INVALID' }, name);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReindexBody } from '../../../appliance/api/schemas/reindex.ts';
import { DEFAULT_TENANT_CONFIG, TenantConfig } from '../../../appliance/api/tenant-config.ts';
import { Config, defaultConfig } from '../../../appliance/config/schema.ts';

const NAMES = ['text-embedding-3-small', 'BAAI/bge-base-en-v1.5', 'nomic-embed-text:v1.5', 'Alibaba-NLP/gte@main'];

/** Whether each place where a model is named takes this name: the endpoint's own, a pin, a reindex. */
function taken(name: string): boolean[] {
  const config = defaultConfig();
  const embedder = { ...config.embedder, endpoint: { ...config.embedder.endpoint, model: name } };
  return [
    Config.safeParse({ ...config, embedder }).success,
    TenantConfig.safeParse({ ...DEFAULT_TENANT_CONFIG, embedding_model: name }).success,
    ReindexBody.safeParse({ model: name, reason: 'a test' }).success,
  ];
}

test('a model that an endpoint may have can be pinned and reindexed by', () => {
  for (const name of NAMES) assert.deepEqual(taken(name), [true, true, true], name);
});

test('what is no name is refused in all places', () => {
  for (const name of ['', 'two words', 'line\nbreak', 'x'.repeat(201)]) {
    assert.deepEqual(taken(name), [false, false, false], name);
  }
});

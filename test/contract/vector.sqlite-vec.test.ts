import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteVectors } from '../../appliance/stores/vector/sqlite-vec.ts';
import { vectorContract } from './vector.suite.ts';

vectorContract('sqlite-vec', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-vectors-'));
  const file = join(folder, 'vectors.db');
  const store = openSqliteVectors(file);
  return {
    store,
    again: async () => openSqliteVectors(file),
    dispose: async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

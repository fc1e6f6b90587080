import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIGRATIONS } from '../../appliance/stores/vector/migrations/sqlite.gen.ts';
import { openSqliteVectors } from '../../appliance/stores/vector/sqlite-vec.ts';
import { expandedFile } from '../support/next-release.ts';
import { vectorContract } from './vector.suite.ts';

vectorContract('sqlite-vec, on what the next release expanded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-vectors-'));
  const file = expandedFile(join(folder, 'vectors.db'), 'vectors', MIGRATIONS);
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

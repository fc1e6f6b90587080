import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordsSearchedBy, searchThreads, vectorsSearchedBy } from '../../appliance/bin/wire/search-threads.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../appliance/stores/vector/sqlite-vec.ts';
import { manualClock } from '../support/manual-clock.ts';
import { TENANT } from './record/builders.ts';
import { languageContract } from './record/languages.ts';
import { metadataContract } from './record/metadata.ts';
import { searchContract } from './record/search.ts';
import { vectorContract } from './vector.suite.ts';

/** The embedded stores as the daemon uses them: searched by threads of their own. */

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-threads-'));
  const files = { tenant_id: TENANT, records: join(folder, 'records.sqlite'), vectors: join(folder, 'vectors.sqlite') };
  const clock = manualClock();
  const threads = searchThreads(1);
  const open = () => ({
    records: recordsSearchedBy(openSqliteRecords(files.records, { tenant_id: TENANT, clock }), threads.of(files)),
    vectors: vectorsSearchedBy(openSqliteVectors(files.vectors), threads.of(files)),
  });
  const { records, vectors } = open();
  return {
    records,
    vectors,
    open,
    async dispose() {
      await threads.closeAll();
      await Promise.all([records.close(), vectors.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

vectorContract('sqlite-vec, searched by threads', async () => {
  const { vectors, open, dispose } = await world();
  return { store: vectors, again: async () => open().vectors, dispose };
});

const searchedRecords = async () => {
  const { records, open, dispose } = await world();
  return { store: records, another: () => open().records, dispose };
};
searchContract('sqlite records, searched by threads', searchedRecords);
languageContract('sqlite records, searched by threads', searchedRecords);
metadataContract('sqlite records, searched by threads', searchedRecords);

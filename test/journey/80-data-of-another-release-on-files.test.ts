import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { MIGRATIONS as REGISTRY } from '../../appliance/control/migrations/sqlite.gen.ts';
import type { Tenant } from '../../appliance/control/verbs.ts';
import { controlPaths, logPath, tenantPaths } from '../../appliance/kernel/names.ts';
import { MIGRATIONS as LOGS } from '../../appliance/stores/log/migrations/sqlite.gen.ts';
import { MIGRATIONS as JOBS } from '../../appliance/stores/queue/migrations/sqlite.gen.ts';
import { MIGRATIONS as RECORDS } from '../../appliance/stores/record/migrations/sqlite.gen.ts';
import { MIGRATIONS as VECTORS } from '../../appliance/stores/vector/migrations/sqlite.gen.ts';
import { startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { HELD, thawed } from '../support/frozen-data.ts';
import { expandedFile } from '../support/next-release.ts';

/** Releases whose data this one takes over. */
const RELEASES = ['0.1.0'];

/** What is expanded as the next release leaves it: all that a rollback in code finds. */
function expandAll(data: string): void {
  const tenant = tenantPaths(data, HELD.tenant);
  expandedFile(controlPaths(data).registry, 'registry', REGISTRY);
  expandedFile(tenant.records, 'records', RECORDS);
  expandedFile(tenant.vectors, 'vectors', VECTORS);
  expandedFile(tenant.queue, 'queue', JOBS);
  for (const log of ['_appliance', HELD.tenant]) expandedFile(logPath(data, log), 'log', LOGS);
}

for (const version of RELEASES) {
  for (const [what, prepare] of [
    [`the data that release ${version} left`, () => undefined],
    [`the same, behind the next release that was gone back from`, expandAll],
  ] as const) {
    describe(what, () => {
      const data = thawed(version);
      after(() => rmSync(join(data, '..'), { recursive: true }));

      test('is taken over with every document and decision, and worked on', async (t) => {
        prepare(data);
        const appliance = await startAppliance({ dataFolder: data, arrangement: 'single' });
        t.after(() => appliance.end());
        const [admin, erik] = [await appliance.admin(), await appliance.client(HELD.tenant)];
        const { data: tenant } = await admin.get<Tenant>(`/admin/tenants/${HELD.suspended}`);
        assert.equal(tenant.state, 'SUSPENDED');
        const found = async (query_text: string) =>
          (
            await erik.send<RetrievalProof>('POST', `/query/${HELD.tenant}/search`, { query_text, top_k: 3 })
          ).data.chunks.map(({ text: content }) => content);
        assert.deepEqual(await found('reindeer counted'), [HELD.kept]);
        assert.ok(
          (await found('walrus weighed')).every((content) => !content.includes('walrus')),
          'erased stays erased',
        );
        const { batch_id } = await submit(erik, HELD.tenant, [text('since.txt', 'The lighthouse was painted red.')]);
        assert.equal((await whenSettled(erik, HELD.tenant, batch_id)).status, 'completed');
        assert.match((await found('lighthouse painted'))[0]!, /painted red/);
      });
    });
  }
}

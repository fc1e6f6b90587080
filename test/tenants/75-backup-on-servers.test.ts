import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ForeignChain } from '../../appliance/bin/wire/export/foreign-chain.ts';
import type { ImportReport } from '../../appliance/bin/wire/export/import-export.ts';
import type { ExportReport } from '../../appliance/bin/wire/export/make-export.ts';
import { settled } from '../../appliance/cli/settled.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { openPostgresLogs } from '../../appliance/stores/log/postgres.ts';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { backupStory } from '../support/backup-story.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { clearStack } from '../support/stack-appliance.ts';

/** As in files: Frode backs an appliance on servers up while two tenants send documents, and gets it back on another box. */

const CHECKED = 'installcheckabcdefgh';

describe('a backup on servers', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  const start = (dataFolder?: string) =>
    startAppliance({
      arrangement: 'stack',
      ...(dataFolder === undefined ? {} : { dataFolder }),
      environment: { FROSTBYTE_DRAIN_SECONDS: '1' },
    });
  const lose = () => clearStack(testStack()!);
  /** A box that nobody has begun yet. */
  let waiting: Appliance | null = null;
  after(() => waiting?.end());

  const story = backupStory({
    start,
    lose,
    async blank({ environment }, data) {
      return story.world.box(data, environment);
    },
    // As an installation leaves a box: tenants of its checks came and went, and the one that isolation is tried against is there.
    async installed(data) {
      const box = await start(data);
      waiting = box;
      await box.createTenant(CHECKED);
      const admin = await box.admin();
      await admin.send('POST', `/admin/tenants/${CHECKED}/deprovision`, {
        reason: 'the check of the installation is over',
        confirm: true,
        confirm_tenant_id: CHECKED,
      });
      await settled(admin, CHECKED, ['DEPROVISIONED', 'FAILED']);
      await box.stop();
      return {
        ...story.world.box(data, box.environment),
        async begin() {
          await box.restart();
          waiting = null;
          return box;
        },
      };
    },
    async log(_box, tenant) {
      const { host, port, user, password, tls } = testStack()!.postgres;
      const login = { host, port, user, password, database: 'frostbyte', ...(tls === undefined ? {} : { tls }) };
      const logs = await openPostgresLogs({ ...login, connections: 1 }, { clock: systemClock() });
      return { ...logs.log(tenant), close: () => logs.close() };
    },
    lookAtRows(folder, herring) {
      const tables = readdirSync(join(folder, 'rows'));
      assert.ok(tables.includes('documents.copy') && tables.includes('schema.json'), tables.join(', '));
      const [names, ...rows] = readFileSync(join(folder, 'rows/documents.copy'), 'utf8').trimEnd().split('\n');
      assert.match(names!, /^doc_id\traw_sha256\t/);
      assert.ok(rows.some((row) => row.startsWith(`${herring}\t`)));
    },
  });

  test('a tenant is exported from servers, verified without one, and imported into another', async () => {
    const { again, world } = story;
    const box = world.box(again.dataFolder, again.environment);
    let made: ExportReport | undefined;
    await until('the events', async () => {
      const { code, out, errors } = await box.cli(['export', 'create', 'acme', world.at('acme.tar'), '--json']);
      if (code === 0) made = JSON.parse(out) as ExportReport;
      else assert.match(errors, /SERVICE_UNAVAILABLE/);
      return code === 0;
    });
    const { file, signer, manifest } = made!;
    assert.ok(manifest.documents > 2 && manifest.chunks >= manifest.documents);
    const verified = await world.box(world.at('nowhere')).cli(['export', 'verify', file, '--fingerprint', signer]);
    assert.equal(verified.code, 0, verified.errors);
    const token = await again.token({ role: 'tenant_admin', tenant_id: 'nordlaw', subject: 'nora' });
    const args = ['export', 'import', file, '--tenant', 'nordlaw', '--fingerprint', signer, '--json'];
    const loaded = await box.cli(args, '', { FROSTBYTE_URL: again.url, FROSTBYTE_TOKEN: token });
    assert.equal(loaded.code, 0, loaded.errors);
    const { accepted, duplicates, refused } = JSON.parse(loaded.out) as ImportReport;
    assert.deepEqual([accepted + duplicates, refused], [manifest.documents, []]);
    const [chain] = await box.answered<ForeignChain[]>('export', 'chains', 'nordlaw');
    assert.equal(chain?.tree_root, manifest.log.root);
  });

  test('what the box had logged before is kept beside', async () => {
    const file = join(story.world.at('restored'), 'control/before-restore', `${CHECKED}.sqlite`);
    const log = openSqliteLog(file, { tenant_id: CHECKED, clock: systemClock(), readonly: true });
    const { events } = await log.events({ event_type: 'TENANT_DEPROVISIONED', sort: 'asc', limit: 5 });
    await log.close();
    assert.equal(events.length, 1);
  });
});

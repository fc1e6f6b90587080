/**
 * Freezes the data of an appliance of this release for the tests of later ones: `node scripts/freeze-release.ts`, once before a
 * release is tagged; what it makes is committed and never made again (`test/fixtures/data-of-VERSION.tar.gz`). One tenant with two
 * documents, one of them erased, one that was suspended, a token that was revoked; nothing of it is anybody's.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_VERSION } from '../appliance/audit/entry.ts';
import { startAppliance } from '../test/support/appliance.ts';
import { submit, text, whenSettled } from '../test/support/batch.ts';
import { frozenData, HELD } from '../test/support/frozen-data.ts';

const file = frozenData(PIPELINE_VERSION);
if (existsSync(file)) throw new Error(`${file} is there: what is frozen stays as it is`);
const appliance = await startAppliance({ arrangement: 'single' });
try {
  await appliance.createTenant(HELD.tenant, { classification_review_enabled: false });
  await appliance.createTenant(HELD.suspended);
  const [admin, dana] = [await appliance.admin(), await appliance.client(HELD.tenant)];
  const { batch_id } = await submit(dana, HELD.tenant, [
    text('kept.txt', HELD.kept),
    text('erased.txt', 'The walrus was weighed on Monday, and nobody wrote it down.'),
  ]);
  const { files } = await whenSettled(dana, HELD.tenant, batch_id);
  const erased = files.find(({ original_filename }) => original_filename === 'erased.txt')!.doc_id!;
  const reason = 'a frozen decision';
  await dana.send('DELETE', `/query/${HELD.tenant}/document/${erased}`, { reason, confirm_doc_id: erased });
  await admin.send('POST', `/admin/tenants/${HELD.suspended}/suspend`, { reason, notify_tenant: false });
  await admin.send('POST', '/admin/tokens/revoke', { subject: 'dana', reason });
} finally {
  await appliance.stop();
}
execFileSync('tar', ['--create', '--gzip', `--file=${file}`, '--directory', join(appliance.dataFolder, '..'), 'data']);
await appliance.end();
console.log(file);

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { runServe } from '../support/faults/run-serve.ts';

const health = async (url: string) => {
  const response = await fetch(`${url}/health`);
  await response.body?.cancel();
  return response.status;
};

it('a second daemon on a data folder is refused with the mend, and the first goes on', {
  timeout: 600_000,
}, async () => {
  const appliance = await startAppliance();
  try {
    const { code, out, err } = await runServe(appliance.dataFolder);
    console.log(`# the second daemon: exit ${code}, ${err.trim()}`);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /^DATA_FOLDER_IN_USE: .*Stop it first, or name another folder with --data/m);
    assert.equal(await health(appliance.url), 200);
    await appliance.createTenant('acme', { classification_review_enabled: false });
    const client = await appliance.client('acme');
    const { batch_id } = await submit(client, 'acme', [text('note.txt', 'The delivery of crate 7 arrived on time.\n')]);
    assert.equal((await whenSettled(client, 'acme', batch_id)).status, 'completed');
  } finally {
    await appliance.end();
  }
});

it('the lock of a daemon that was killed does not keep the next one out', { timeout: 600_000 }, async () => {
  const appliance = await startAppliance();
  try {
    for (let n = 0; n < 3; n++) {
      await appliance.kill();
      await appliance.restart();
      assert.equal(await health(appliance.url), 200);
    }
  } finally {
    await appliance.end();
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startAppliance } from '../support/appliance.ts';
import { makeBatch, submit, type TestFile, text, whenSettled } from '../support/batch.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { until } from '../support/faults/until.ts';

/**
 * Inboxes on a disk that answers no write, as a share whose server is gone: each call into it holds a thread of the
 * daemon. There are more such inboxes here than the daemon has threads, and it goes on all the same.
 */

const SILENT = ['ada', 'bob', 'cyd', 'dan', 'eve'];
const OTHER = 'acme';
/** A daemon whose threads are all held would never answer. */
const ANSWER_MS = 20_000;

describe('inboxes on a share that hangs', { skip: noLoopDisks(), timeout: 600_000 }, () => {
  it('hold up nothing else, are named by /ready and the log, and get their results when the share is back', async () => {
    const disk = loopDisk(16);
    const appliance = await startAppliance({
      environment: {
        FROSTBYTE_INBOX: disk.folder,
        FROSTBYTE_INBOX_POLL_SECONDS: '1',
        FROSTBYTE_INBOX_STABLE_SECONDS: '2',
        FROSTBYTE_INBOX_PATIENCE_SECONDS: '2',
      },
    });
    const ready = async () => {
      const response = await fetch(`${appliance.url}/ready`, { signal: AbortSignal.timeout(ANSWER_MS) });
      const { dependencies } = (await response.json()) as { dependencies: { name: string; ok: boolean }[] };
      return dependencies.find(({ name }) => name === 'inbox')!.ok;
    };
    const says = (message: string) => appliance.logs().includes(message);
    try {
      for (const tenant of [...SILENT, OTHER]) {
        await appliance.createTenant(tenant, { classification_review_enabled: false });
      }
      await until('the folders', () => SILENT.every((tenant) => readdirSync(disk.folder).includes(tenant)));
      assert.equal(await ready(), true);
      for (const tenant of SILENT) drop(join(disk.folder, tenant, 'batch'), tenant, text('a.txt', 'SOP\n\nFrozen.'));
      disk.freeze();
      await until('a word in the log', () => says('cannot be used'));
      await until('a word of /ready', async () => !(await ready()), { everyMs: 500 });

      const client = await appliance.client(OTHER);
      const receipt = await within(submit(client, OTHER, [text('b.txt', 'SOP\n\nPallets stay frozen.')]));
      await within(whenSettled(client, OTHER, receipt.batch_id));
      const found = await within(
        client.send<{ chunks: unknown[] }>('POST', `/query/${OTHER}/search`, { query_text: 'pallets' }),
      );
      assert.equal(found.data.chunks.length, 1);

      disk.thaw();
      const served = () => SILENT.every((tenant) => readdirSync(join(disk.folder, tenant, 'batch')).includes(RECEIPT));
      await until('the receipts', served, { seconds: 60, about: () => appliance.logs().slice(-2000) });
      await until('/ready', ready, { everyMs: 500 });
      assert.ok(says('answers again'));

      assert.equal(await appliance.stop(), 0);
    } catch (error) {
      console.log(appliance.logs().slice(-4000));
      throw error;
    } finally {
      disk.thaw();
      await appliance.end();
      await disk.end();
    }
  });
});

const RECEIPT = 'receipt.json';

function drop(folder: string, tenant: string, file: TestFile): void {
  const { manifest } = makeBatch(tenant, [file]);
  mkdirSync(folder);
  writeFileSync(join(folder, file.filename), file.content);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

/** What the threads of a daemon are needed for. */
async function within<T>(work: Promise<T>): Promise<T> {
  const over = AbortSignal.timeout(ANSWER_MS);
  const silence = new Promise<never>((_resolve, reject) =>
    over.addEventListener('abort', () => reject(new Error('the daemon does not go on'))),
  );
  return Promise.race([work, silence]);
}

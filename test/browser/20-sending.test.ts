import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { UploadAnswer } from '../../appliance/api/schemas/uploads.ts';
import { HOSTILE_NAME, HOSTILE_TEXT } from '../support/browser/places.ts';
import { browserWorld, type Visitor } from '../support/browser/world.ts';

const LEASE = `Warehouse lease\n\nThe notice period of the warehouse lease is nine months. ${HOSTILE_TEXT}`;

describe('sending documents', () => {
  const world = browserWorld();
  let folder: string;
  let visitor: Visitor;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-sending-'));
    await mkdir(join(folder, 'delivery/drafts'), { recursive: true });
    for (const [name, content] of [
      [HOSTILE_NAME, LEASE],
      ['invoice\u202efdp.txt', 'Invoice 17 of Fjellkai Eiendom AS. Total amount due: NOK 100. Payment within 30 days.'],
      ['setup.exe', 'MZ\u0090 this is a program'],
      ['.hidden', 'x'],
      ['drafts/draft.txt', 'x'],
    ] as const)
      await writeFile(join(folder, 'delivery', name), content);
    await world().tenant('sender', 'sam');
    visitor = await world().visitor();
    await visitor.signIn('sam');
  });
  after(async () => {
    await visitor.context.close();
    await rm(folder, { recursive: true });
  });

  it('takes a person from the empty list to the batch, with every file in it', async () => {
    const { page } = visitor;
    await page.click('main >> text=Send documents');
    await page.setInputFiles('input[webkitdirectory]', join(folder, 'delivery'));
    await page.waitForSelector('text=2 entries stay behind');
    assert.match(await page.locator('[data-part="tally"]').innerText(), /^3 files, /);
    await page.fill('#batch', 'first-delivery');
    await page.click('[data-part="send"]:enabled');
    await page.waitForURL(/\/batches\/first-delivery$/);
    await page.waitForSelector('[data-batch-state] :text-matches("^(Complete|Waits)")', { timeout: 120_000 });
    await page.waitForSelector('a:text-matches("^Acceptance report")');
    assert.equal(await page.locator('tr[data-file]').count(), 3);
  });

  it('says what to do about a file that was not taken, and gives its receipt', async () => {
    const { page } = visitor;
    const problem = page.locator('.problem', { hasText: 'setup.exe' });
    assert.match(await problem.innerText(), /Programs and scripts are never taken[\s\S]*UNSUPPORTED_FORMAT[\s\S]*Mend/);
    await page.click('a[aria-label="Receipt: setup.exe"]');
    assert.match(await page.locator('main').innerText(), /setup\.exe[\s\S]*Rejected/);
    await page.goBack();
  });

  it('shows hostile names and words as what they are, and obeys none of them', async () => {
    const { page, problems } = visitor;
    await page.click(`main >> role=link[name="${HOSTILE_NAME.replaceAll('"', '\\"')}"]`);
    await page.waitForURL(/\/documents\//);
    assert.equal(await page.locator('h1 bdi').innerText(), HOSTILE_NAME);
    const names = await page.goBack().then(() => page.locator('tr[data-file] bdi').allInnerTexts());
    assert.ok(names.includes('invoiceU+202Efdp.txt'), names.join());
    for (const what of ['img[src="x"]', 'main script', 'a[href^="javascript"]'])
      assert.equal(await page.locator(what).count(), 0, what);
    assert.deepEqual(problems, []);
  });

  it('finds what was sent, marks it, and gives the proof of it', async () => {
    const { page, problems } = visitor;
    await visitor.goTo('/tenants/sender/search');
    await page.fill('#question', 'How much is due for the invoice of Fjellkai?');
    await page.press('#question', 'Enter');
    await page.waitForSelector('.hits mark');
    assert.match(page.url(), /\/search$/, 'the question stands in no address');
    assert.match(await page.locator('.hit').first().innerText(), /Fjellkai/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save the proof')]);
    const proof = JSON.parse(await readFile(await download.path(), 'utf8')) as { tenant_id: string; chunks: object[] };
    assert.equal(proof.tenant_id, 'sender');
    assert.ok(proof.chunks.length > 0);
    assert.deepEqual(problems, []);
  });

  it('is paused, goes on after the page was loaded again, and sends no byte twice that has arrived', async () => {
    const { page, context, problems } = visitor;
    await mkdir(join(folder, 'large'));
    await writeFile(join(folder, 'large/scan.bin'), randomBytes(24 << 20));
    const line = await context.newCDPSession(page);
    const limit = (uploadThroughput: number) =>
      line.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput,
      });
    const choose = async () => {
      await page.setInputFiles('input[webkitdirectory]', join(folder, 'large'));
      await page.click('[data-part="send"]:enabled');
    };
    const api = await world().appliance.client('sender');
    const uploads = async () => (await api.get<UploadAnswer[]>('/ingest/sender/uploads')).data;

    await visitor.goTo('/tenants/sender/upload');
    await limit(6 << 20);
    await choose();
    await page.waitForFunction(() => {
      const { document } = globalThis as unknown as { document: { querySelector(at: string): { value: number } } };
      return document.querySelector('[data-part="chosen"] progress').value > 12_000_000;
    });
    await page.click('[data-part="pause"]');
    await page.waitForSelector('text=Paused. What has arrived is kept');
    await page.reload();
    await page.waitForSelector('text=was not finished');
    const [begun, ...others] = await uploads();
    assert.deepEqual(others, []);
    assert.equal(begun!.state, 'open');
    await limit(-1);

    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') asked.push(request.headers()['upload-offset']!);
    });
    await choose();
    await page.waitForURL(/\/batches\/web-/);
    assert.deepEqual(asked.length, 1);
    assert.ok(Number(asked[0]) > 4_000_000, `it went on from ${asked[0]}`);
    assert.deepEqual(problems, []);
  });

  it('is refused with what is wrong, and stays where it is', async () => {
    const { page } = visitor;
    await visitor.goTo('/tenants/sender/upload');
    await page.setInputFiles('input[webkitdirectory]', join(folder, 'delivery'));
    await page.fill('#batch', 'no name for a batch');
    await page.click('[data-part="send"]:enabled');
    await page.waitForSelector('[data-part="refusal"] >> text=VALIDATION_ERROR');
    assert.match(page.url(), /upload$/);
  });
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { UploadAnswer } from '../../appliance/api/schemas/uploads.ts';
import { whenSettled } from '../support/batch.ts';
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
      ['drafts/draft.txt', 'A draft of the letter about the rent of the warehouse in Bergen.'],
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
    await page.waitForSelector('text=1 entries stay behind');
    assert.match(await page.locator('[data-part="tally"]').innerText(), /^4 files, /);
    await page.fill('#batch', 'first-delivery');
    await page.click('[data-part="send"]:enabled');
    await page.waitForURL(/\/batches\/first-delivery$/);
    await page.waitForSelector('[data-batch-state] :text-matches("^(Complete|Waits)")', { timeout: 120_000 });
    await page.waitForSelector('a:text-matches("^Acceptance report")');
    assert.equal(await page.locator('tr[data-file]').count(), 4);
    assert.equal(await page.locator('tr[data-file] bdi >> text=drafts/draft.txt').count(), 1);
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

  it('takes a folder of 500 files in folders that is dropped, and goes on with it in a new tab once the first was closed', async () => {
    const [months, kinds] = [
      ['2024-11', '2024-12', '2025-01', '2025-02'],
      ['letters', 'invoices/paid'],
    ];
    const names: string[] = [];
    for (let at = 0; at < 500; at++) {
      const place = `${months[at % 4]}/${kinds[at % 2]}`;
      await mkdir(join(folder, 'year', place), { recursive: true });
      const name = `${place}/letter-${String(at).padStart(3, '0')}.txt`;
      // Few different ones: what is counted here is files, not what they say.
      await writeFile(
        join(folder, 'year', name),
        `Letter ${at % 20} about the rent of warehouse ${at % 20} in Bergen.`,
      );
      names.push(name);
    }
    await writeFile(join(folder, 'year/plan.pdf'), Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(24 << 20)]));
    await writeFile(join(folder, 'year/2024-11/.DS_Store'), 'x');
    const { context } = visitor;
    const [first, second] = [await context.newPage(), await context.newPage()];
    const drop = async (page: typeof first) => {
      await page.goto(`${world().appliance.url}/tenants/sender/upload`);
      const line = await context.newCDPSession(page);
      const { x, y, width, height } = (await page.locator('[data-part="drop"]').boundingBox())!;
      const data = { items: [], files: [join(folder, 'year')], dragOperationsMask: 1 };
      for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
        await line.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data });
      await page.waitForSelector('[data-part="send"]:enabled', { timeout: 60_000 });
      assert.match(await page.locator('[data-part="tally"]').innerText(), /^501 files, /);
      return line;
    };
    const line = await drop(first);
    await first.waitForSelector('text=1 entries stay behind');
    const shown = await first.locator('.sending tbody th bdi').allInnerTexts();
    assert.deepEqual(shown, [...names, 'plan.pdf'].toSorted().slice(0, shown.length));
    await line.send('Network.enable');
    await line.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4 << 20 },
    });
    const batch = await first.inputValue('#batch');
    await first.click('[data-part="send"]');
    await first.waitForFunction(() => {
      const { document } = globalThis as unknown as { document: { querySelector(at: string): { value: number } } };
      return document.querySelector('[data-part="chosen"] progress').value > 8_000_000;
    });
    await first.close();

    const asked: string[] = [];
    second.on('request', (request) => {
      if (request.method() === 'PATCH') asked.push(request.headers()['upload-offset']!);
    });
    await drop(second);
    assert.equal(await second.inputValue('#batch'), batch);
    await second.click('[data-part="send"]');
    await second.waitForURL(new RegExp(`/batches/${batch}$`), { timeout: 60_000 });
    assert.equal(asked.length, 1);
    assert.ok(Number(asked[0]) > 1_000_000, `it went on from ${asked[0]}`);
    const api = await world().appliance.client('sender');
    const { files } = await whenSettled(api, 'sender', batch);
    assert.deepEqual(
      files.map(({ original_filename }) => original_filename).toSorted(),
      [...names, 'plan.pdf'].toSorted(),
    );
    assert.equal(files.filter(({ receipt_id }) => receipt_id !== null).length, 501);
    // Nothing is left to go on with.
    await second.goto(`${world().appliance.url}/tenants/sender/upload`);
    assert.notEqual(await second.inputValue('#batch'), batch);
    await second.close();
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

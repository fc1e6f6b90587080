import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { submit, text } from '../support/batch.ts';
import { moved } from '../support/browser/steady.ts';
import { browserWorld, type Visitor } from '../support/browser/world.ts';

const FILES = 500;
/** The rest are duplicates: rows like all others, which take nobody's time. */
const DIFFERENT = 80;
const LONG_MS = 120_000;

/** A batch that takes its time, with its page open all the while. */
describe('the page of a batch that is under way', () => {
  const world = browserWorld();
  let visitor: Visitor;
  let other: Visitor;
  before(async () => {
    await world().tenant('steady', 'stina', { classification_review_enabled: false });
    visitor = await world().visitor();
    other = await world().visitor({ scheme: 'dark', language: 'de' });
    for (const one of [visitor, other]) await one.signIn('stina');
    const api = await world().appliance.client('steady');
    const files = Array.from({ length: FILES }, (_, at) =>
      text(`letter-${at}.txt`, `Letter ${at % DIFFERENT} about the rent of warehouse ${at % DIFFERENT} in Bergen.`),
    );
    await submit(api, 'steady', files, { batch_id: 'letters' });
    for (const one of [visitor, other]) await one.goTo('/tenants/steady/batches/letters');
  });
  after(async () => {
    for (const { context } of [visitor, other]) await context.close();
  });

  /** Files in search, as the page says, at least so many; the page is not loaded for it. */
  const shows = ({ page }: Visitor, least: number) =>
    page.waitForFunction(
      (wanted) => {
        const { document } = globalThis as unknown as {
          document: { querySelector(at: string): { textContent: string } };
        };
        return Number(document.querySelector('[data-count="completed"] dd').textContent) >= wanted;
      },
      least,
      { timeout: LONG_MS, polling: 100 },
    );

  it('follows it without being loaded again, in two browsers at once', async () => {
    for (const one of [visitor, other]) {
      await one.page.evaluate('globalThis.same = true');
      assert.equal(await one.page.locator('tr[data-file]').count(), FILES);
      await shows(one, 25);
      assert.equal(await one.page.evaluate('globalThis.same'), true);
      assert.equal(await moved(one.page), null, 'nothing moves under whoever reads');
    }
  });

  it('survives the appliance going away, and goes on when it is back', async () => {
    const { page } = visitor;
    await world().appliance.kill();
    await page.waitForSelector('.live.lost');
    const before = Number(await page.locator('[data-count="completed"] dd').innerText());
    await world().appliance.restart();
    await shows(visitor, before + 5);
    assert.equal(await page.evaluate('globalThis.same'), true);
    assert.equal(await moved(page), null, 'nor while it goes away and comes back');
  });

  it('lets go of it the moment that the tenant is suspended, and takes it up once it is resumed', async () => {
    const { page } = visitor;
    const admin = await world().appliance.admin();
    await admin.send('POST', '/admin/tenants/steady/suspend', { reason: 'a look', notify_tenant: false });
    await page.waitForURL(/\/sign-in\?note=ended/);
    await page.fill('#username', 'stina');
    await page.fill('#password', 'a long winter passphrase');
    await page.press('#password', 'Enter');
    await page.waitForSelector('text=The tenant is suspended');
    await admin.send('POST', '/admin/tenants/steady/resume', { reason: 'all is well' });
    await visitor.signIn('stina');
    await visitor.goTo('/tenants/steady/batches/letters');
  });

  it('shows what came of it when it has come to rest', async () => {
    const { page, problems } = visitor;
    await page.waitForSelector('a:text-matches("^Acceptance report")', { timeout: LONG_MS });
    const standings = await page.locator('[data-standing] .pill').allInnerTexts();
    assert.equal(standings.length, FILES);
    assert.ok(!standings.includes('In progress'));
    assert.deepEqual(
      problems.filter((one) => !/net::ERR_/.test(one)),
      [],
    );
  });
});

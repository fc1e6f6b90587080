import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { browserWorld } from '../support/browser/world.ts';

describe('whoever runs the box', () => {
  const world = browserWorld();
  before(async () => {
    await world().tenant('stopped', 'sofie');
    await world().addUser({ username: 'fredrik', role: 'admin' });
  });

  it('stops a tenant with a reason, sees how long that took, and lets it go on', async () => {
    const [fredrik, sofie] = [await world().visitor(), await world().visitor()];
    await fredrik.signIn('fredrik');
    await sofie.signIn('sofie');
    const { page } = fredrik;
    await page.click('main >> role=link[name=/stopped/]');
    await page.fill('#reason', 'ticket 17');
    await page.click('text=Stop it now');
    const said = await page.waitForSelector('text=/^Stopped: .* ms after you asked/');
    const ms = Number(/([\d.,]+) ms/.exec(await said.innerText())![1]!.replaceAll(/[.,]/g, ''));
    assert.ok(ms < 1000, `${ms} ms`);
    await sofie.goTo('/tenants/stopped/batches');
    assert.match(sofie.page.url(), /sign-in\?note=ended/);
    await page.fill('#reason', 'all is well');
    await page.click('text=Resume it');
    await page.waitForSelector('text=Resumed.');
    await sofie.signIn('sofie');
    assert.match(sofie.page.url(), /\/tenants\/stopped\/batches$/);
    for (const { context, problems } of [fredrik, sofie]) {
      assert.deepEqual(problems, []);
      await context.close();
    }
  });

  it('has every store tried anew, and sees that none opens to others', async () => {
    const { page, signIn, context, goTo } = await world().visitor();
    await signIn('fredrik');
    await goTo('/tenants/stopped');
    await page.click('text=Check it now');
    await page.waitForURL(/#isolation$/);
    assert.ok((await page.locator('.matrix i.q-good').count()) > 20);
    assert.equal(await page.locator('.matrix i.q-bad').count(), 0);
    await page.click('text=Test by test');
    await page.waitForSelector('.tries');
    const cells = await page.locator('.tries td').allInnerTexts();
    assert.ok(
      cells.some((cell) => cell.startsWith('denied')),
      cells.join(),
    );
    assert.ok(!cells.some((cell) => /LET THROUGH/.test(cell)));
    await context.close();
  });

  it('is nobody of a tenant', async () => {
    const { page, signIn, context, goTo } = await world().visitor();
    await signIn('sofie');
    await goTo('/tenants/stopped');
    assert.match(await page.locator('main').innerText(), /INSUFFICIENT_PERMISSIONS/);
    await context.close();
  });
});

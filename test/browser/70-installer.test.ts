import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { lookAt } from '../support/browser/look.ts';
import { type ServedInstaller, serveScripted } from '../support/browser/scripted-installer.ts';
import { browserWorld, type Visitor } from '../support/browser/world.ts';

/** The installer's pages, in front of a host that a test moves on. Bundled and on a host it is tried in a sealed box. */
describe('the web installer', () => {
  const world = browserWorld();
  let served: ServedInstaller;
  before(async () => {
    served = await serveScripted();
  });
  after(() => served?.end());

  const wrong: string[] = [];
  const look = async (name: string, visitor: Visitor) => void wrong.push(...(await lookAt(name, visitor)));

  it('lets in whoever types the terminal’s code, once, and nobody else', async () => {
    const visitor = await world().visitor();
    const { page, context } = visitor;
    await page.goto(served.url);
    await page.fill('#code', 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE');
    await page.click('text=Sign in');
    assert.match(await page.locator('#told').innerText(), /not the code that counts/);
    await look('sign-in', visitor);
    const [code] = served.codes;
    await page.fill('#code', code!.toLowerCase());
    await page.click('text=Sign in');
    await page.waitForSelector('h1 >> text=Release 1.2.3');
    assert.equal(served.codes.length, 2, 'the terminal shows another');
    const second = await world().visitor();
    await second.page.goto(`${served.url}/sign-in`);
    await second.page.fill('#code', code!);
    await second.page.click('text=Sign in');
    assert.equal(await second.page.locator('#told').count(), 1);
    // Where its pages are is known to nobody who is not in.
    for (const path of ['progress', 'preflight']) {
      assert.equal((await second.page.goto(`${served.url}/${path}`))!.status(), 404);
      assert.match((await second.page.goto(new URL(path, page.url()).href))!.url(), /sign-in$/);
    }
    await second.context.close();
    await context.close();
  });

  it('keeps its session from the appliance on the same host, and lives beside one there', async () => {
    const visitor = await world().visitor();
    const { page, context } = visitor;
    const { url } = world().appliance;
    await page.goto(served.url);
    await page.fill('#code', served.codes.at(-1)!);
    await page.click('text=Sign in');
    await page.waitForSelector('h1 >> text=Release 1.2.3');
    const pages = page.url();
    await world().addUser({ username: 'ilse', role: 'admin' });
    await visitor.signIn('ilse');
    assert.deepEqual(
      (await context.cookies(url)).map(({ name }) => name),
      ['frostbyte'],
    );
    await page.goto(`${url}/sign-in?note=ended`);
    await page.goto(pages);
    assert.match(await page.locator('h1').innerText(), /Release 1\.2\.3/);
    await context.close();
  });

  it('answers under no name but loopback’s, and no form of another site', async () => {
    assert.equal(await statusFor('installer.example'), 421);
    const answer = await fetch(`${served.url}/sign-in`, { method: 'POST', headers: { origin: 'http://evil.example' } });
    assert.equal(answer.status, 403);
    assert.ok(!served.installer.asked.includes('stop'));
  });

  it('leads from what was verified to an appliance that runs', async () => {
    const visitor = await world().visitor();
    const { page, context, problems } = visitor;
    await page.goto(served.url);
    await page.fill('#code', served.codes.at(-1)!);
    await page.click('text=Sign in');
    assert.match(await page.locator('main').innerText(), /SHA256:7Q1G/);
    await look('release', visitor);

    await page.click('main >> a.button >> text=Preflight');
    assert.match(await page.locator('h1').innerText(), /1 check failed/);
    assert.match(await page.locator('#check-swap').innerText(), /swapoff -a/);
    assert.equal(await page.locator('text=On to the plan').count(), 0);
    await page.fill('#port', 'many');
    await page.click('text=Check again');
    assert.match(await page.locator('#wrong').innerText(), /a number up to 65535/);
    // What takes its time shows that it is under way, and is sent once.
    const isBusy = await page.evaluate(`new Promise((resolve) => {
      document.querySelector('form.fields').dispatchEvent(new SubmitEvent('submit', { bubbles: true }));
      setTimeout(() => resolve(document.querySelector('html[data-waits] form[aria-busy] button:disabled') !== null), 50);
    })`);
    assert.equal(isBusy, true);
    await page.reload();
    await page.fill('#port', '9090');
    await page.fill('#allow', 'swap');
    await page.fill('#reason', 'a laboratory');
    await page.click('text=Check again');
    await page.waitForSelector('h1 >> text=This host can take the release');
    await look('preflight', visitor);
    await page.click('text=On to the plan');

    assert.match(await page.locator('main').innerText(), /no way back behind it/);
    await look('plan', visitor);
    await page.click('button >> text=Install');
    assert.match(page.url(), /plan$/, 'without a recovery recipient nothing begins');
    await page.fill('#recovery_recipient', `age1${'q'.repeat(58)}`);
    await page.click('button >> text=Install');
    await page.waitForSelector('h1 >> text=running');
    assert.match(await page.locator('.overall').innerText(), /0 \/ 5 · about 2 min left/);
    await look('progress', visitor);

    // It follows by itself.
    served.installer.advance();
    await page.waitForSelector('.overall >> text=1 / 5');
    await page.click('text=Stop');
    await page.waitForSelector('h1 >> text=waits');
    await page.click('button >> text=Go on');
    await page.waitForSelector('h1 >> text=running');
    for (let at = 0; at < 4; at++) served.installer.advance();
    await page.waitForSelector('text=Prove the recovery key');
    await look('challenge', visitor);
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('text=Save it as a file')]);
    assert.equal(file.suggestedFilename(), 'challenge.age');
    await page.fill('#answer', 'seven words');
    await page.click('text=Hand it in');
    await page.waitForSelector('text=The appliance runs');
    assert.equal(await page.locator('a[href="http://127.0.0.1:8080"]').count(), 1);
    await look('installed', visitor);
    await page.click('text=Show a one-time code');
    assert.match(await page.locator('main').innerText(), /ABCDE-FGHJK/);

    await page.click('nav >> text=Evidence');
    assert.match(await page.locator('table').innerText(), /root \(frida\)/);
    await look('evidence', visitor);
    const [record] = await Promise.all([page.waitForEvent('download'), page.click('text=Make the files')]);
    assert.equal(record.suggestedFilename(), 'frostbyte-evidence.tar');
    await page.click('nav >> text=Support');
    assert.match(await page.locator('main').innerText(), /The disk is almost full/);
    await look('support', visitor);
    const [bundle] = await Promise.all([page.waitForEvent('download'), page.click('text=Save the support bundle')]);
    assert.equal(bundle.suggestedFilename(), 'frostbyte-support.tar.gz');

    assert.deepEqual(served.installer.asked, [
      'preflight 8080',
      'preflight many',
      'preflight many',
      'preflight 9090 swap a laboratory',
      'preflight 9090 swap a laboratory',
      `start age1${'q'.repeat(58)}`,
      'stop',
      'resume',
      'answer seven words',
    ]);
    assert.deepEqual(problems, []);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  it('is left by a sign-out, which lets nobody back in, and ended by who is in alone', async () => {
    const [visitor, other] = [await world().visitor(), await world().visitor()];
    for (const { page } of [visitor, other]) {
      await page.goto(served.url);
      await page.fill('#code', served.codes.at(-1)!);
      await page.click('text=Sign in');
      await page.waitForSelector('h1 >> text=Release 1.2.3');
    }
    const { page, context, problems } = visitor;
    const root = page.url();
    await page.click('nav >> text=Leave');
    await look('leave', visitor);
    await page.click('form[action="sign-out"] button');
    assert.match(await page.locator('#told').innerText(), /You are signed out/);
    await page.goto(`${root}progress`);
    assert.match(page.url(), /sign-in/);
    // Without the mark of a session nothing ends.
    for (const path of ['end', 'sign-out']) {
      const forged = { headers: { origin: served.url }, form: { mark: 'A'.repeat(43) } };
      const answer = await other.page.request.post(`${root}${path}`, forged);
      assert.equal(answer.status(), 403, path);
    }
    assert.equal(served.ended(), 0);
    await other.page.click('nav >> text=Leave');
    await other.page.click('form[action="end"] button');
    await other.page.waitForSelector('h1 >> text=The installer has ended');
    assert.equal(await other.page.locator('nav').count(), 0);
    await look('ended', other);
    assert.equal(served.ended(), 1);
    assert.deepEqual([...problems, ...other.problems, ...wrong], []);
    await context.close();
    await other.context.close();
  });

  function statusFor(host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      get(served.url, { headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode!);
      }).on('error', reject);
    });
  }
});

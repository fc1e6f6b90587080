import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { DiffAnswer } from '../../appliance/api/schemas/diff.ts';
import { readAgain } from '../support/browser/places.ts';
import { browserWorld } from '../support/browser/world.ts';

describe('two versions of a document', () => {
  const world = browserWorld();
  let places: Awaited<ReturnType<typeof readAgain>>;
  before(async () => {
    const { appliance } = world();
    // The world is one for all files: where another was here before, its tenant is taken.
    const known = await (await appliance.admin()).all<{ tenant_id: string }>('/admin/tenants');
    if (known.some(({ tenant_id }) => tenant_id === 'archive')) {
      const arne = await appliance.client('archive');
      const documents = await arne.all<{ doc_id: string; original_filename: string }>('/query/archive/documents');
      const of = (name: string) =>
        documents.find(({ original_filename }) => original_filename.startsWith(name))!.doc_id;
      const path = (name: string) => `/tenants/archive/documents/${of(name)}/diff`;
      places = {
        diff: path('contract'),
        pages: path('minutes'),
        revision: `${path('letter-of-april')}?against=${of('letter-of-march')}`,
      };
    } else places = await readAgain(world());
  });

  it('shows passage by passage what another reading changed, and where, without a word that is not served', async () => {
    const { page, signIn, goTo, context, problems } = await world().visitor();
    await signIn('arne');
    await goTo(places.diff.replace(/\/diff$/, ''));
    await page.click('text=What changed since it was read before');
    await page.waitForURL(/\/diff$/);
    const route = places.diff.replace('/tenants/', '/query/').replace('/documents/', '/document/');
    const { data } = await (await world().appliance.client('archive')).get<DiffAnswer>(route, { page: 1 });
    const shown = await page.locator('.counts dd').allInnerTexts();
    const { changed, came, went, moved, stayed, gates } = data.summary;
    assert.deepEqual(shown.map(Number), [changed, came, went, moved, stayed, gates]);
    assert.ok(changed > 0 && gates > 0, JSON.stringify(data.summary));
    assert.ok(data.changes.some(({ after }) => after?.redacted));
    for (const { before: was, after: is } of data.changes)
      assert.ok(was === null || was.text === null || was.text === is?.text, 'no word of before but what is served');
    // From the place on the page to its passage, and back.
    await page.click('.diff-view .d-changed rect >> nth=0');
    const at = new URL(page.url()).hash;
    assert.match(at, /^#change-\d+$/);
    await page.click(`${at} >> text=Show me on the page`);
    assert.equal(new URL(page.url()).hash, at.replace('change', 'on'));
    assert.equal(await page.locator('.diff-view a:target').count(), 1);
    assert.deepEqual(problems, []);
    await context.close();
  });

  it('leads from page to page, all by the keyboard', async () => {
    const { page, signIn, goTo, context } = await world().visitor();
    await signIn('arne');
    await goTo(places.pages);
    const pages = page.locator('table tbody a');
    assert.ok((await pages.count()) > 1);
    await pages.nth(1).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/page=2/);
    assert.match(await page.locator('#changes').innerText(), /Page 2/);
    await context.close();
  });

  it('marks what is new in a revision of a file, and tells how many words are gone', async () => {
    const { page, signIn, goTo, context, problems } = await world().visitor();
    await signIn('arne');
    await goTo(places.revision.replace(/\?.*/, ''));
    assert.match(await page.locator('main').innerText(), /Read once: nothing to compare/);
    await page.fill('#against', 'no id');
    await page.press('#against', 'Enter');
    assert.doesNotMatch(page.url(), /against=no/, 'what is no id is not asked for');
    await page.fill('#against', new URLSearchParams(places.revision.split('?')[1]).get('against')!);
    await page.press('#against', 'Enter');
    await page.waitForURL(/against=doc_/);
    assert.ok((await page.locator('.chunk ins').allInnerTexts()).includes('nine'));
    assert.match(await page.locator('.chunk.d-changed').first().innerText(), /words? (is|are) gone/);
    assert.deepEqual(problems, []);
    await context.close();
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashRecipe, imageNames, readRecipe } from '../../../../scripts/images/recipe.ts';

const BARE =
  'from: trixie\nuser: { name: store, id: 4000 }\nentrypoint: [/bin/store]\nhealth: { command: [/bin/ok] }\n';

/** A folder of images with one recipe, for as long as `use` takes. */
function withRecipe(text: string, use: (images: string, folder: string) => void): void {
  const images = mkdtempSync(join(tmpdir(), 'frostbyte-images-'));
  const folder = join(images, 'store');
  mkdirSync(join(folder, 'root'), { recursive: true });
  writeFileSync(join(folder, 'recipe.yaml'), text);
  try {
    use(images, folder);
  } finally {
    rmSync(images, { recursive: true });
  }
}

test('the recipes of this tree are whole, run as users of their own, and never as root', () => {
  const recipes = imageNames().map((name) => readRecipe(name));
  assert.ok(recipes.length >= 4);
  const ids = recipes.map(({ user }) => user.id);
  assert.equal(new Set(ids).size, ids.length, 'two images share a user');
  for (const { name, health } of recipes) assert.ok(health.command[0]!.startsWith('/'), name);
});

test('a recipe that is wrong is refused with its file and every wrong field', () => {
  const wrong = BARE.replace('4000', '0').replace('from: trixie', 'from: sid\nports: [1]');
  withRecipe(wrong, (images) => {
    assert.throws(
      () => readRecipe('store', images),
      ({ message }: Error) => ['store/recipe.yaml', 'from', 'user.id', 'ports'].every((part) => message.includes(part)),
    );
    assert.throws(() => readRecipe('shop', images), /there is no image shop: .* store/);
  });
});

test('the hash changes with all that goes into an image, and with nothing else', () => {
  withRecipe(BARE, (images, folder) => {
    const hash = () => hashRecipe(readRecipe('store', images));
    const seen = new Set([hash()]);
    const changed = (what: string) => {
      assert.ok(!seen.has(hash()), what);
      seen.add(hash());
    };
    assert.ok(seen.has(hash()));
    writeFileSync(join(folder, 'recipe.yaml'), `${BARE}command: [--port=1]\n`);
    changed('the recipe');
    writeFileSync(join(folder, 'root/settings'), 'a');
    changed('a file');
    writeFileSync(join(folder, 'root/settings'), 'b');
    changed('its content');
    rmSync(join(folder, 'root/settings'));
    writeFileSync(join(folder, 'root/settings'), 'b', { mode: 0o755 });
    changed('whether it is a program');
    writeFileSync(join(folder, 'root/.hidden'), 'b');
    changed('a hidden file');
    const before = hash();
    writeFileSync(join(folder, 'store_test.go'), 'package main');
    assert.equal(hash(), before, 'tests go into no image');
  });
});

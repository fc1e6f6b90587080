import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../../../scripts/images/recipe.ts';
import { buildTwice } from '../../../../scripts/images/twice.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-twice-'));
after(() => rmSync(folder, { recursive: true }));

test('an image that is built twice finds nothing of the first, and nothing of what was compiled before', async () => {
  const before = { programs: process.env.FROSTBYTE_GO_PROGRAMS, compiler: process.env.GOCACHE };
  const seen: string[] = [];
  const digests = await buildTwice('store', async (name, { cache }) => {
    const places = [cache, process.env.FROSTBYTE_GO_PROGRAMS!, process.env.GOCACHE!];
    for (const place of places) {
      assert.equal(existsSync(place), false, place);
      mkdirSync(place, { recursive: true });
    }
    seen.push(...places);
    return { manifest_digest: `${name} ${seen.length}` };
  });
  assert.deepEqual(digests, ['store 3', 'store 6']);
  assert.equal(new Set(seen).size, 6);
  for (const place of seen) assert.equal(existsSync(dirname(place)), false, 'nothing is left');
  assert.deepEqual({ programs: process.env.FROSTBYTE_GO_PROGRAMS, compiler: process.env.GOCACHE }, before);
});

test('a program is compiled once for a folder of programs, and once more for another', () => {
  // In the place of Go: it has every module with the hash of its pin, and writes down what it compiles.
  const tools = join(folder, 'tools');
  mkdirSync(tools);
  const [, , version, sum] = readFileSync(join(ROOT, 'scripts/go-programs.txt'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith('sops '))!
    .split(/\s+/);
  const go = `#!/bin/sh
case $1 in
  version) echo 'go version go9.9.9 linux/amd64' ;;
  mod) printf '{\\n\\t"Version": "${version}",\\n\\t"Sum": "${sum}",\\n\\t"Dir": "${folder}"\\n}\\n' ;;
  build) echo compiled >>${folder}/log; while [ "$1" != -o ]; do shift; done; echo '#!/bin/sh' >"$2"; chmod +x "$2" ;;
esac
`;
  writeFileSync(join(tools, 'go'), go, { mode: 0o755 });
  const compile = (programs: string) =>
    execFileSync(join(ROOT, 'scripts/go-program'), ['sops'], {
      encoding: 'utf8',
      env: { PATH: `${tools}:${process.env.PATH}`, HOME: folder, FROSTBYTE_GO_PROGRAMS: join(folder, programs) },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  const compiled = () => readFileSync(join(folder, 'log'), 'utf8').split('\n').length - 1;
  const first = compile('first');
  assert.equal(compile('first'), first);
  assert.equal(compiled(), 1);
  assert.ok(first.startsWith(join(folder, 'first')) && existsSync(first));
  const second = compile('second');
  assert.equal(compiled(), 2);
  assert.equal(second, first.replace('/first/', '/second/'));
});

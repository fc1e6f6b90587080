import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Ran, ROOT, requireBuild, runProgram } from '../support/shipped.ts';

/** Command lines of all processes that name this folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(folder));
}

describe('the demo', () => {
  let folder: string;

  before(async () => {
    requireBuild();
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-demo-test-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs it as `make demo` does, with a temporary folder of its own to look into afterwards. */
  async function demo(
    name: string,
    args: string[] = [],
    path = process.env.PATH ?? '',
  ): Promise<Ran & { rest: string[] }> {
    const temporary = join(folder, name);
    await mkdir(temporary);
    const words = [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'scripts/demo.ts'), ...args];
    const ran = await runProgram(words, { env: { PATH: path, TMPDIR: temporary, HOME: temporary }, cwd: ROOT });
    assert.deepEqual(processesOf(temporary), [], 'a process was left behind');
    return { ...ran, rest: readdirSync(temporary).filter((entry) => entry.startsWith('frostbyte')) };
  }

  let sampled: ReturnType<typeof demo> | undefined;
  /** One run on the samples, looked at from two sides. */
  const samples = () => {
    sampled ??= demo('samples');
    return sampled;
  };

  it('runs the samples from intake to kill-switch, says what became of each, and leaves nothing behind', async () => {
    const { code, out, err, rest } = await samples();
    assert.equal(code, 0, err);
    assert.deepEqual(rest, []);
    assert.doesNotMatch(err, /"level":"(?:error|fatal)"/);
    for (const [name, count] of [
      ['submitted', 20],
      ['accepted', 18],
      ['rejected', 2],
      ['quarantined', 1],
      ['duplicates', 1],
    ])
      assert.match(out, new RegExp(`^ +${name} +${count}$`, 'm'));
    assert.match(out, /^ +content dropped +1 /m);
    assert.match(out, /^ +PII found +.*EMAIL/m);
    assert.match(out, /^ +classes +.*contract 2/m);
    assert.match(out, /^ +price-list\.txt +CHECKSUM_MISMATCH +\S/m);
    assert.match(out, /^ +quarterly-slides\.pptx +UNSUPPORTED_FORMAT +\S/m);
    assert.match(out, /^ +supplier-note\.txt +INJECTION_DETECTED +\S/m);
    assert.match(out, /^ +17 documents, 13 of them from raw file to index: \d+ links, every chain unbroken$/m);
    assert.match(out, /refused with TOKEN_REVOKED after \d+ ms, an administrator with TENANT_SUSPENDED$/m);
    assert.match(out, /the old token stays dead \(TOKEN_REVOKED\), a new one finds [1-9]\d* chunks again$/m);
  });

  it('answers each question from the right file, with offsets, score and hashes', async () => {
    const { out } = await samples();
    const answers = out.split(/^ +\? /m).slice(1);
    for (const [at, [question, file, words]] of (
      [
        [/notice period/, 'contract-warehouse-lease.pdf', 'nine months'],
        [/total of the invoice/, 'invoice-2025-118.xlsx', '20,947.50'],
        // Twice the same bytes: the answer names whichever came first.
        [/shift leader/, 'sop-freezer-alarm', 'call the shift leader'],
        [/approve access/, 'policy-access-to-records.docx', 'Only the medical director'],
        [/claimant ask/, 'filing-statement-of-claim.pdf', 'EUR 212,400'],
      ] as const
    ).entries()) {
      const answer = answers[at] ?? '';
      assert.match(answer, question);
      assert.ok(answer.includes(file) && answer.includes(words), answer);
      assert.match(
        answer,
        /page 1, characters \d+–\d+, class \w+\n +score 0\.\d{3}, evidence (?:strong|partial), \d+ ms\n/,
      );
      assert.match(answer, /source +sha256 [0-9a-f]{64}\n +canonical +sha256 [0-9a-f]{64}\n/);
    }
    assert.equal(answers.length, 5);
  });

  it('takes a folder of one’s own and asks for what stands in it', async () => {
    const own = join(folder, 'own files');
    await mkdir(own);
    await writeFile(
      join(own, 'ferry.txt'),
      'Ferry timetable for the winter\n\nThe last boat leaves at ten past nine.\n',
    );
    await writeFile(join(own, 'stock.csv'), 'part,count\nhinge,12\nbolt,400\n');
    const { code, out, err, rest } = await demo('own', ['--dir', own]);
    assert.equal(code, 0, err);
    assert.deepEqual(rest, []);
    assert.match(out, /^ +submitted +2$/m);
    assert.match(out, /^ +accepted +2$/m);
    assert.match(out, /^ +held for review +0$/m);
    assert.match(out, /^ +ferry\.txt, page 1, characters /m);
    assert.deepEqual(readdirSync(own).sort(), ['ferry.txt', 'stock.csv']);
  });

  it('says so when the host forbids network namespaces, and goes on with less', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'unshare'), '#!/bin/sh\necho "unshare: Operation not permitted" >&2\nexit 1\n');
    await chmod(join(bin, 'unshare'), 0o755);
    const own = join(folder, 'one');
    await mkdir(own);
    await writeFile(join(own, 'note.txt'), 'A note about the harbour\n\nThe crane is closed on Sundays.\n');
    const { code, out, err } = await demo('reduced', ['--dir', own], `${bin}:${process.env.PATH}`);
    assert.equal(code, 0, err);
    assert.match(out, /this host forbids network namespaces: parser\.sandbox is reduced for this demo/);
  });

  it('names a folder that is not there, and one that is empty', async () => {
    const absent = await demo('absent', ['--dir', join(folder, 'nowhere')]);
    assert.equal(absent.code, 1);
    assert.match(absent.err, /There is no folder .*nowhere/);
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const nothing = await demo('nothing', ['--dir', empty]);
    assert.equal(nothing.code, 1);
    assert.match(nothing.err, /holds no files/);
    assert.deepEqual([...absent.rest, ...nothing.rest], []);
  });
});

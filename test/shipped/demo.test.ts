import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../support/faults/until.ts';
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

  it('takes a folder of one’s own, says what it does not send of it, and asks for what stands in it', async () => {
    const path = await own('own files', {
      'ferry.txt': 'Ferry timetable for the winter\n\nThe last boat leaves at ten past nine.\n',
      'stock.csv': 'part,count\nhinge,12\nbolt,400\n',
      'README.md': '# Sent like any other file\n',
      '.hidden': 'x',
    });
    await mkdir(join(path, 'more'));
    await writeFile(join(path, 'more/inner.txt'), 'never sent');
    const { code, out, err, rest } = await demo('own', ['--dir', path]);
    assert.equal(code, 0, err);
    assert.deepEqual(rest, []);
    assert.match(out, /^ +not sent \(a subfolder\): more\n +not sent \(hidden\): \.hidden$/m);
    assert.match(out, /^ +submitted +3$/m);
    assert.match(out, /^ +accepted +2$/m);
    assert.match(out, /^ +README\.md +UNSUPPORTED_FORMAT +\S/m);
    assert.match(out, /^ +held for review +0$/m);
    assert.match(out, /^ +ferry\.txt, page 1, characters /m);
    assert.deepEqual(readdirSync(path).sort(), ['.hidden', 'README.md', 'ferry.txt', 'more', 'stock.csv']);
  });

  it('says so when the host forbids network namespaces, and goes on with less', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'unshare'), '#!/bin/sh\necho "unshare: Operation not permitted" >&2\nexit 1\n');
    await chmod(join(bin, 'unshare'), 0o755);
    const { code, out, err } = await demo(
      'reduced',
      ['--dir', await own('one', { 'note.txt': NOTE })],
      `${bin}:${process.env.PATH}`,
    );
    assert.equal(code, 0, err);
    assert.match(out, /this host forbids network namespaces: parser\.sandbox is reduced for this demo/);
  });

  /** A folder of one's own with these in it. */
  async function own(name: string, files: Record<string, string>): Promise<string> {
    const path = join(folder, name);
    await mkdir(path);
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
    return path;
  }
  const NOTE = 'A note about the harbour\n\nThe crane is closed on Sundays.\n';

  it('refuses a folder that is not there, is empty, or holds links and pipes, naming them and without a trace', async () => {
    const linked = await own('linked', { 'note.txt': NOTE });
    await symlink('/etc/passwd', join(linked, 'secrets.txt'));
    execFileSync('mkfifo', [join(linked, 'pipe.txt')]);
    const manifest = await own('manifest', { 'note.txt': NOTE });
    await symlink(join(ROOT, 'docs/samples/manifest.json'), join(manifest, 'manifest.json'));
    for (const [name, path, words] of [
      ['absent', join(folder, 'nowhere'), /The folder cannot be read\.\n +dir = ".*nowhere": .*\(ENOENT\)/],
      ['file', join(linked, 'note.txt'), /\(ENOTDIR\)/],
      ['nothing', await own('empty', {}), /The folder holds no files to send\.\n +dir = ".*empty"/],
      ['links', linked, /"secrets\.txt": is a link; links are not followed\n +filename = "pipe\.txt": is a pipe/],
      ['linked manifest', manifest, /"manifest\.json": is a link/],
    ] as const) {
      const { code, out, err, rest } = await demo(name, ['--dir', path]);
      assert.equal(code, 1, name);
      assert.match(err, words);
      assert.doesNotMatch(err, /\n\s+at /, 'no stack trace');
      assert.equal(out, '', 'refused before anything is started');
      assert.deepEqual(rest, []);
    }
  });

  it('leaves a kept daemon running without holding a pipe of its reader, and says where its log is', async () => {
    const path = await own('kept', { 'note.txt': NOTE });
    const temporary = join(folder, 'kept-run');
    await mkdir(temporary);
    const command = `'${process.execPath}' --disable-warning=ExperimentalWarning scripts/demo.ts --dir '${path}' --keep 2>&1 | tail -n 40`;
    // Returns when every holder of the pipe has let go of it.
    const { code, out } = await runProgram(['/bin/sh', '-c', command], {
      env: { PATH: process.env.PATH ?? '', TMPDIR: temporary, HOME: temporary },
      cwd: ROOT,
    });
    const pid = Number(/kill (\d+) && rm -r (\S+)$/m.exec(out)?.[1]);
    try {
      assert.equal(code, 0, out);
      const log = /its log is (\S+)$/m.exec(out)?.[1] ?? '';
      assert.match(readFileSync(log, 'utf8'), /listens on http:\/\/127\.0\.0\.1:\d+/);
      const url = /API reference: (http:\S+?)\/api\/v1\/reference$/m.exec(out)?.[1];
      assert.equal((await fetch(`${url}/health`)).status, 200);
    } finally {
      if (pid > 0) process.kill(pid, 'SIGTERM');
      await until('an end of the daemon', () => processesOf(temporary).length === 0);
    }
  });
});

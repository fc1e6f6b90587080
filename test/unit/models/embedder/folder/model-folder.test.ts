import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { modelFolder } from '../../../../../appliance/models/embedder/folder/model-folder.ts';
import type { LockedModel } from '../../../../../appliance/models/embedder/lock.ts';
import { lockOf, writeSmallModel } from '../../../../support/models/small-model.ts';

describe('the models folder', () => {
  const root = mkdtempSync(join(tmpdir(), 'frostbyte-models-'));
  let model: LockedModel;
  let other: LockedModel;
  let cases = 0;
  before(async () => {
    model = await writeSmallModel(join(root, 'published'));
    other = await writeSmallModel(join(root, 'published'), { name: 'other-model', output: 'last_hidden_state' });
    // Its weights are in the graph, as it were: it is brought as two files.
    other = { ...other, files: other.files.filter(({ role }) => role !== 'weights') };
  });
  after(() => rmSync(root, { recursive: true }));

  /** A folder of its own, and what a person brings. */
  function world() {
    const at = join(root, `case-${++cases}`);
    const brought = join(at, 'brought');
    mkdirSync(brought, { recursive: true });
    for (const { name } of model.files) {
      writeFileSync(join(brought, name), readFileSync(join(root, 'published', model.name, name)));
    }
    return { brought, folder: join(at, 'models'), models: modelFolder(join(at, 'models'), lockOf(other, model)) };
  }

  it('takes a model whose files are the locked ones, and says that it is present and whole', async () => {
    const { brought, models } = world();
    let last = [0, 1];
    assert.equal(await models.import(brought, (...told) => (last = told)), model.name);
    assert.equal(last[0], last[1]);
    assert.deepEqual(
      (await models.list()).map((one) => [one.model.name, one.state]),
      [
        ['other-model', 'absent'],
        ['small-model', 'present'],
      ],
    );
    assert.deepEqual(await models.verify(model.name), []);
  });

  it('leaves a whole model where it is, so that an import that is killed loses none, and replaces a damaged one', async () => {
    const { brought, folder, models } = world();
    await models.import(brought);
    const place = join(folder, model.name);
    const { ino } = statSync(place);
    assert.equal(await models.import(brought), model.name);
    assert.equal(statSync(place).ino, ino);
    flip(join(place, 'tokenizer.json'));
    await models.import(brought);
    assert.notEqual(statSync(place).ino, ino);
    assert.deepEqual(await models.verify(model.name), []);
    assert.deepEqual(readdirSync(folder), [model.name]);
  });

  it('takes a model from several at once', async () => {
    const { brought, folder, models } = world();
    const other: Promise<string>[] = [];
    // The second begins while the first is at its first file.
    const first = models.import(brought, () => other.length === 0 && other.push(models.import(brought)));
    assert.deepEqual(await Promise.all([first, models.import(brought)]), [model.name, model.name]);
    assert.equal(await other[0], model.name);
    assert.deepEqual(await models.verify(model.name), []);
    assert.deepEqual(readdirSync(folder), [model.name]);
  });

  it('finds a file where the publisher has it', async () => {
    const { brought, folder } = world();
    const files = model.files.map((file) =>
      file.role === 'graph' ? { ...file, brought_as: ['onnx/model.onnx', 'model.onnx'] } : file,
    );
    mkdirSync(join(brought, 'onnx'));
    renameSync(join(brought, 'model.onnx'), join(brought, 'onnx/model.onnx'));
    const models = modelFolder(folder, lockOf({ ...model, files }));
    assert.equal(await models.import(brought), model.name);
    assert.deepEqual(await models.verify(model.name), []);
  });

  for (const [what, ruin, words] of [
    ['cut short', (path: string) => truncateSync(path, 100), /cut short: 100 of \d+ bytes/],
    ['longer', (path: string) => appendFileSync(path, 'x'), /another file: \d+ bytes, not \d+/],
    ['altered in one bit', flip, /its SHA-256 is [0-9a-f]{64}, the lock has [0-9a-f]{64}/],
    ['a link', (path: string) => relink(path), /is a link/],
    ['a folder', replaceByFolder, /no regular file/],
    ['a pipe that nobody writes to', replaceByPipe, /no regular file/],
  ] as const) {
    for (const name of ['model.safetensors', 'tokenizer.json', 'model.onnx']) {
      it(`refuses ${name} by name where it is ${what}, and leaves nothing behind`, async () => {
        const { brought, folder, models } = world();
        ruin(join(brought, name));
        await assert.rejects(models.import(brought), (error: { code: string; message: string }) => {
          assert.equal(error.code, 'CHECKSUM_MISMATCH');
          assert.match(error.message, words);
          assert.ok(error.message.includes(`${name} `), error.message);
          return true;
        });
        assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], []);
      });
    }
  }

  it('says which models there are where a folder has none of them', async () => {
    const { folder, models } = world();
    mkdirSync(folder, { recursive: true });
    await assert.rejects(models.import(folder), { code: 'VALIDATION_ERROR', message: /other-model.*small-model/ });
    await assert.rejects(models.import(join(folder, 'nowhere')), { code: 'VALIDATION_ERROR' });
  });

  it('keeps the model that is there where another is refused', async () => {
    const { brought, models } = world();
    await models.import(brought);
    flip(join(brought, 'model.onnx'));
    await assert.rejects(models.import(brought), { code: 'CHECKSUM_MISMATCH' });
    assert.deepEqual(await models.verify(model.name), []);
  });

  it('names each file that changed since; by size at a look, by hash when verified', async () => {
    const { brought, folder, models } = world();
    await models.import(brought);
    flip(join(folder, model.name, 'tokenizer.json'));
    assert.equal((await models.list())[1]!.state, 'present');
    const [wrong, ...others] = await models.verify(model.name);
    assert.equal(wrong!.file, 'tokenizer.json');
    assert.equal(others.length, 0);
    rmSync(join(folder, model.name, 'model.onnx'));
    assert.equal((await models.list())[1]!.state, 'damaged');
    assert.deepEqual(
      (await models.verify(model.name)).map(({ file }) => file),
      ['tokenizer.json', 'model.onnx'],
    );
  });

  it('sweeps what an import left that was killed', async () => {
    const { brought, folder, models } = world();
    const { pid: dead } = spawnSync('true');
    for (const name of ['.incoming-0', `.incoming-${dead}-half`]) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, 'model.onnx'), 'half');
    }
    const atWork = `.incoming-${process.ppid}-half`;
    mkdirSync(join(folder, atWork));
    await models.import(brought);
    assert.deepEqual(readdirSync(folder).toSorted(), [atWork, model.name]);
  });

  it('removes a model, and knows no other names', async () => {
    const { brought, models } = world();
    await models.import(brought);
    assert.equal(await models.remove(model.name), true);
    assert.equal(await models.remove(model.name), false);
    assert.equal((await models.list())[1]!.state, 'absent');
    for (const verb of ['verify', 'remove'] as const) {
      await assert.rejects(models[verb]('../small-model'), { code: 'RESOURCE_NOT_FOUND' });
    }
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(path, bytes);
}

function relink(path: string): void {
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
}

function replaceByFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

function replaceByPipe(path: string): void {
  rmSync(path);
  execFileSync('mkfifo', [path]);
}

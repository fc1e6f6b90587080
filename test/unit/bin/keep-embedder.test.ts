import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KeptEmbedder, keepEmbedder } from '../../../appliance/bin/keep-embedder.ts';
import { healthOf } from '../../../appliance/bin/wire/embedder-health.ts';
import { withoutNetwork } from '../../../appliance/bin/without-network.ts';
import { assertVectors } from '../../../appliance/models/embedder/assert.ts';
import type { LockedModel } from '../../../appliance/models/embedder/lock.ts';
import { onnxEmbedder } from '../../../appliance/models/embedder/onnx.ts';
import { embedderStatus } from '../../../appliance/models/embedder/over-socket/ask-embedder.ts';
import { silentLogger } from '../../../appliance/observability/logger.ts';
import { isRunning } from '../../support/faults/processes.ts';
import { until } from '../../support/faults/until.ts';
import { writeSmallModel } from '../../support/models/small-model.ts';

describe('the embedder’s process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-kept-'));
  const running: KeptEmbedder[] = [];
  let model: LockedModel;
  before(async () => {
    model = await writeSmallModel(folder);
  });
  after(async () => {
    for (const one of running) await one.stop();
    rmSync(folder, { recursive: true });
  });

  function keep(name: string, { idleMs = 600_000, silentMs = 30_000, models = folder } = {}) {
    const socket = join(folder, name, 'embedder.sock');
    const at = { socket };
    const kept = keepEmbedder({
      settings: { at, models_folder: models, model, idle_ms: idleMs },
      status: () => embedderStatus(at, 300),
      logger: silentLogger,
      everyMs: 50,
      silentMs,
    });
    running.push(kept);
    return { kept, at, embedder: onnxEmbedder({ model, at, by: 'test', patienceMs: 60_000 }) };
  }

  it('listens for its own user alone, and loads the model when the first text comes', async () => {
    const { at, embedder } = keep('demand');
    const before = await until('it to answer', () => embedderStatus(at, 1000).catch(() => null));
    assert.equal(before.loaded, false);
    assert.equal(statSync(at.socket).mode & 0o777, 0o600);
    assertVectors(await embedder.embedDocuments(['one', 'two']), 2);
    assert.equal((await embedderStatus(at, 1000)).loaded, true);
  });

  it('is started again when it was killed, and whoever waits gets the same vectors', async () => {
    const { kept, embedder } = keep('killed');
    const [before] = await embedder.embedDocuments(['lease']);
    const first = kept.pid()!;
    process.kill(first, 'SIGKILL');
    const [again] = await embedder.embedDocuments(['lease']);
    assert.deepEqual(again, before);
    assert.notEqual(kept.pid(), first);
  });

  it('is killed and started again when it hangs', async () => {
    const { kept, embedder } = keep('hangs', { silentMs: 5000 });
    await embedder.embedDocuments(['lease']);
    const first = kept.pid()!;
    process.kill(first, 'SIGSTOP');
    await until('it to be replaced', () => kept.pid() !== null && kept.pid() !== first);
    assert.equal(isRunning(first), false);
    assertVectors(await embedder.embedDocuments(['lease']), 1);
  });

  it('lets the model go when nobody asks, and has it again when somebody does', async () => {
    const { kept, at, embedder } = keep('idle', { idleMs: 200 });
    await embedder.embedDocuments(['lease']);
    const first = kept.pid();
    await until('it to begin anew', () => kept.pid() !== null && kept.pid() !== first);
    const status = await until('it to answer', () => embedderStatus(at, 1000).catch(() => null));
    assert.equal(status.loaded, false);
    assertVectors(await embedder.embedDocuments(['lease']), 1);
  });

  it('tells why it cannot load its model, for as long as it cannot', async () => {
    const models = join(folder, 'altered');
    const altered = await writeSmallModel(models);
    const tokenizer = join(models, altered.name, 'tokenizer.json');
    const right = readFileSync(tokenizer);
    writeFileSync(tokenizer, Buffer.from(right.map((byte, i) => (i === 0 ? byte ^ 1 : byte))));
    const { at, embedder } = keep('troubled', { models });
    await assert.rejects(embedder.embedDocuments(['lease']), { code: 'EMBEDDER_UNAVAILABLE', message: /tokenizer/ });
    assert.match((await embedderStatus(at, 5000)).trouble!, /tokenizer\.json is another file.*frostbyte model import/);
    assert.deepEqual(
      [(await healthOf(altered.name, at)).ok, (await healthOf(altered.name, at)).message.includes('tokenizer.json')],
      [false, true],
    );
    writeFileSync(tokenizer, right);
    assertVectors(await embedder.embedDocuments(['lease']), 1);
    assert.equal((await embedderStatus(at, 5000)).trouble, undefined);
  });

  it('has no network: not even loopback is up', {
    skip: withoutNetwork()[0]?.endsWith('unshare') ? false : 'refused here',
  }, async () => {
    const { kept, at } = keep('alone');
    await until('it to answer', () => embedderStatus(at, 1000).catch(() => null));
    const interfaces = readFileSync(`/proc/${kept.pid()}/net/dev`, 'utf8').match(/^ *[^:|]+(?=:)/gm);
    assert.deepEqual(
      interfaces?.map((name) => name.trim()),
      ['lo'],
    );
    assert.equal(readFileSync(`/proc/${kept.pid()}/net/route`, 'utf8').trim().split('\n').length, 1);
  });

  it('ends with who keeps it', async () => {
    const { kept, embedder } = keep('ends');
    await embedder.embedDocuments(['lease']);
    const pid = kept.pid()!;
    await kept.stop();
    assert.equal(isRunning(pid), false);
  });
});

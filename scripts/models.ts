/**
 * Fetches the models that can be fetched, by the hashes of `manifests/models.json`, into `.cache/models/`: `make models`.
 * What has come stays when it is broken off; where everything is there it does nothing. A model that no registry has is
 * brought by hand: `frostbyte model import DIR`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createOutput } from '../appliance/cli/output.ts';
import { modelFolder } from '../appliance/models/embedder/folder/model-folder.ts';
import { type LockedModel, MODEL_LOCK } from '../appliance/models/embedder/lock.ts';
import { fetchPart } from './models/parts.ts';
import { unzip } from './models/unzip.ts';

const folder = resolve(import.meta.dirname, '../.cache/models');
const models = modelFolder(folder);
const output = createOutput({ json: false });

try {
  for (const model of MODEL_LOCK.models) {
    if (model.source !== null) await fetchModel(model, model.source);
  }
} catch (error) {
  console.error(`models: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function fetchModel(model: LockedModel, source: NonNullable<LockedModel['source']>): Promise<void> {
  const wrong = await models.verify(model.name);
  if (wrong.length === 0) return output.say(`models: ${model.name} is there and whole (${join(folder, model.name)})`);
  const work = join(folder, `.parts-${model.name}`);
  mkdirSync(work, { recursive: true });
  const archive = join(work, source.archive);
  rmSync(archive, { force: true });
  for (const [i, part] of source.parts.entries()) {
    output.say(`models: ${model.name}, part ${i + 1} of ${source.parts.length}`);
    const path = await fetchPart(part, work);
    await unzip(path, new Map([[part.entry, archive]]), { append: true });
  }
  const whole = join(work, 'whole');
  mkdirSync(whole, { recursive: true });
  const brought = model.files.flatMap(({ brought_as }) => brought_as?.slice(0, 1) ?? []);
  await unzip(archive, new Map(brought.map((name) => [`${source.folder}/${name}`, join(whole, name)])));
  rmSync(archive);
  const progress = output.progress(`models: ${model.name} is checked and its graph written`, 100);
  await models.import(whole, (done, total) => progress.update(Math.floor((100 * done) / total)));
  progress.end();
  rmSync(work, { recursive: true });
  output.say(`models: ${model.name} ${model.revision} is in ${join(folder, model.name)} (${model.license})`);
}

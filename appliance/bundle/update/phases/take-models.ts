import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Phase } from '../../operation/phase.ts';
import type { ModelsOnHost } from '../tools.ts';

/**
 * Each model of an update, held against what the release knows of it: a model of another revision comes with a release, since
 * what was indexed by one is not found by another. Undone, those that were not here are gone again.
 */
export function takeModels(brought: string, models: ModelsOnHost): Phase {
  const names = () => (existsSync(brought) ? readdirSync(brought).sort() : []);
  return {
    name: 'models',
    title: 'Put the models in their place',
    seconds: 10,
    async check() {
      const here = await models.present();
      return names().length > 0 && names().every((name) => here.includes(name));
    },
    before: () => models.present(),
    async do({ progress, note }) {
      if (names().length === 0) {
        throw new FrostbyteError('OPERATION_FAILED', 'The update brings no model.', {
          details: [{ field: 'path', value: brought, constraint: 'a folder a model' }],
        });
      }
      const here = await models.present();
      for (const name of names()) {
        if (here.includes(name)) continue;
        await models.take(join(brought, name), progress);
        note(`${name} is here; the appliance takes it when control starts`);
      }
    },
    async undo({ before }) {
      for (const name of await models.present()) if (!(before as string[]).includes(name)) await models.remove(name);
    },
  };
}

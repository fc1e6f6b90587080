import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Phase } from '../../operation/phase.ts';
import type { EngineOnHost } from '../tools.ts';
import { patiently, type Waiting } from '../wait.ts';

/** Where a bundle has the distribution's packages of the engine. */
const PACKAGES = 'host/engine';
/** It makes its folders and bridges when it first starts. */
const START_SECONDS = 90;

/**
 * A container engine, where the host has none and the bundle brings the distribution's packages. What of them the host lacked
 * is taken away again when the phase is undone; images and volumes that the engine kept stay on the disk.
 */
export function installEngine(release: string, engine: EngineOnHost, waiting?: Waiting): Phase {
  const packages = () => {
    const folder = join(release, PACKAGES);
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.deb')) : [];
    return names.sort().map((name) => join(folder, name));
  };
  return {
    name: 'engine',
    title: 'See to a container engine',
    seconds: 15,
    check: () => engine.answers(),
    before: () => engine.lacking(packages()),
    async do({ signal, note, before }) {
      const lacking = before as string[];
      if (lacking.length > 0) {
        await engine.install(packages(), signal);
        note(`installed from the bundle: ${lacking.join(', ')}`);
      }
      // One that the host had may not be up yet, as after a boot.
      if (!(await engine.start(signal))) throw notThere();
      await patiently(
        () => engine.answers(),
        { seconds: START_SECONDS, signal, ...waiting },
        () => {
          throw new FrostbyteError(
            'OPERATION_FAILED',
            `The container engine does not answer after ${START_SECONDS} s. See journalctl -u docker, start it, and go on: frostbyte plan resume.`,
          );
        },
      );
    },
    async undo({ before, note }) {
      const brought = before as string[];
      const left = await engine.lacking(packages());
      const there = brought.filter((name) => !left.includes(name));
      if (there.length === 0) return;
      await engine.remove(there);
      note(`taken away: ${there.join(', ')}; what the engine kept stays in /var/lib/docker`);
    },
  };
}

function notThere(): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_FAILED',
    'No container engine answers, and none could be started. Install Docker Engine (Debian: docker.io) where there is none, start it, and go on: frostbyte plan resume.',
    { details: [{ field: 'engine', constraint: 'answers on its socket' }] },
  );
}

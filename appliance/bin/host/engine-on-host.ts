import { existsSync, rmSync } from 'node:fs';
import type { EngineOnHost } from '../../bundle/install/tools.ts';
import { engineRequests } from '../../control/engine/requests.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { runProgram } from './run-program.ts';

/** What Debian’s engine lays there when it is removed, for its purge to run. */
const DELETES_ALL = '/var/lib/docker/nuke-graph-directory.sh';

/** A package of an engine is unpacked in seconds; the engine that it starts makes its folders. */
const DPKG_SECONDS = 600;

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is the tool’s own form.
const STATUS_FORMAT = '--showformat=${db:Status-Status}';

/** The engine behind a socket of this host, and the distribution’s packages of one. */
export function engineOnHost(socket: string, startsServices: boolean): EngineOnHost {
  /** A package’s name, by what its file says. */
  const nameOf = async (file: string) => (await runProgram('dpkg-deb', ['--field', file, 'Package'])).trim();
  const isInstalled = async (name: string) =>
    (await runProgram('dpkg-query', ['--show', STATUS_FORMAT, name], { accepted: [0, 1] })).trim() === 'installed';
  return {
    async answers() {
      try {
        await engineRequests(socket).ask('GET', '/version');
        return true;
      } catch (error) {
        if (isFrostbyteError(error, 'SERVICE_UNAVAILABLE') && error.kind !== 'never') return false;
        throw error;
      }
    },
    async lacking(packages) {
      const names: string[] = [];
      for (const file of packages) {
        const name = await nameOf(file);
        if (!(await isInstalled(name))) names.push(name);
      }
      return names;
    },
    async install(packages, signal) {
      // All at once: which is set up first is the tool’s own knowledge. What the host has newer stays.
      const words = ['--install', '--skip-same-version', '--refuse-downgrade', '--force-confold'];
      await runProgram('dpkg', [...words, ...packages], { seconds: DPKG_SECONDS, signal });
    },
    async start(signal) {
      if (!startsServices) return existsSync(socket);
      try {
        await runProgram('systemctl', ['enable', '--now', 'docker.service'], { seconds: 120, signal });
        return true;
      } catch (error) {
        if (isFrostbyteError(error, 'OPERATION_FAILED')) return false;
        throw error;
      }
    },
    async remove(names) {
      await runProgram('dpkg', ['--remove', ...names], { seconds: DPKG_SECONDS });
      // Purged with it there, Debian’s package deletes all that the engine kept, volumes with documents among it.
      rmSync(DELETES_ALL, { force: true });
      await runProgram('dpkg', ['--purge', ...names], { seconds: DPKG_SECONDS });
      // What is left of it would be taken for an engine that does not answer.
      rmSync(socket, { force: true });
    },
  };
}

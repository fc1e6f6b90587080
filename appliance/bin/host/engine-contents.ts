import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM_FOLDERS } from '../../bundle/preflight/host-port.ts';
import type { EngineContents } from '../../bundle/uninstall/tools.ts';
import { openEngine } from '../../control/engine/engine.ts';
import { PLANE_LABEL } from '../../control/engine/labels.ts';
import { EngineRefusal, engineRequests } from '../../control/engine/requests.ts';
import { PRIVATE_NAMES } from '../../control/stack/images.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { runProgram } from './run-program.ts';

/** Where the distribution’s engine keeps what it has, and its settings. */
const DOCKER = '/var/lib/docker';
const FOLDERS = [DOCKER, '/var/lib/containerd', '/etc/docker'];
/** Volumes that Compose makes for us; what the engine itself keeps beside them. */
const OWN_NAME = /^frostbyte_/;
const ENGINES_OWN: ReadonlySet<string> = new Set(['metadata.db', 'backingFsBlockDev']);
const CONFLICT = 409;

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is the tool’s own form.
const STATUS_FORMAT = '--showformat=${db:Status-Status}';

interface Volume {
  Name: string;
  Labels: Record<string, string> | null;
}
interface Image {
  Id: string;
  RepoTags: string[] | null;
}

/** What the engine behind a socket holds of the appliance, and of others. */
export function engineContents(socket: string): EngineContents {
  const { ask } = engineRequests(socket);
  const engine = openEngine(socket);
  const isOurs = ({ Labels }: { Labels: Record<string, string> | null }) => PLANE_LABEL in (Labels ?? {});
  const allVolumes = async () => ((await ask('GET', '/volumes')) as { Volumes: Volume[] | null }).Volumes ?? [];
  const allImages = async () => (await ask('GET', '/images/json')) as Image[];
  return {
    folders: FOLDERS,
    sharedFolders: ['/etc/cni/net.d', '/etc/cni'],
    isThere: () => existsSync(socket) || PROGRAM_FOLDERS.some((folder) => existsSync(join(folder, 'dockerd'))),
    async standing() {
      const containers = (await engine.containers(PLANE_LABEL)).map(({ name }) => name);
      return [...containers, ...(await engine.networks(PLANE_LABEL))];
    },
    images: async () =>
      (await allImages()).flatMap(({ RepoTags }) => (RepoTags ?? []).filter((name) => name.startsWith(PRIVATE_NAMES))),
    async forgetImage(reference) {
      try {
        await ask('DELETE', `/images/${reference}`, { fine: [404] });
        return true;
      } catch (error) {
        const refusal = isFrostbyteError(error) ? error.cause : null;
        if (refusal instanceof EngineRefusal && refusal.status === CONFLICT) return false;
        throw error;
      }
    },
    volumes: async () => (await allVolumes()).filter(isOurs).map(({ Name }) => Name),
    removeVolume: async (name) => void (await ask('DELETE', `/volumes/${encodeURIComponent(name)}`, { fine: [404] })),
    async strangers() {
      const containers = (await ask('GET', '/containers/json?all=true')) as {
        Names: string[];
        Labels: Record<string, string> | null;
      }[];
      const named = (await allImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
      return [
        ...containers.filter((one) => !isOurs(one)).map(({ Names }) => `container ${(Names[0] ?? '?').slice(1)}`),
        ...(await allVolumes()).filter((one) => !isOurs(one)).map(({ Name }) => `volume ${Name}`),
        ...named.filter((name) => !name.startsWith(PRIVATE_NAMES)).map((name) => `image ${name}`),
      ];
    },
    strangersLeft: () =>
      namesIn(join(DOCKER, 'volumes')).flatMap((name) =>
        OWN_NAME.test(name) || ENGINES_OWN.has(name) ? [] : [`volume ${name}`],
      ),
    async installed(packages) {
      const there: string[] = [];
      for (const name of packages) {
        const status = await runProgram('dpkg-query', ['--show', STATUS_FORMAT, name], { accepted: [0, 1] });
        // Removed and not purged counts: a kill may have come between the two.
        if (!['', 'not-installed'].includes(status.trim())) there.push(name);
      }
      return there;
    },
  };
}

/** A folder on memory with open secrets and sockets, whose processes have ended. */
export function memoryFolder(folder: string): { isThere(): boolean; clear(): void } {
  return { isThere: () => existsSync(folder), clear: () => rmSync(folder, { recursive: true, force: true }) };
}

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

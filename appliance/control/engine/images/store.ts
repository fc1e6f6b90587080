import { FrostbyteError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { bodyOf } from '../new-container.ts';
import { engineRequests } from '../requests.ts';
import type { ImageStore } from './port.ts';

interface RawImage {
  Id: string;
  RootFS?: { Layers?: string[] | null };
}

/** The image store of the engine behind a socket. */
export function openImageStore(socket: string): ImageStore {
  const { ask, send } = engineRequests(socket);
  const image = async (name: string) => (await ask('GET', `/images/${name}/json`, { fine: [404] })) as RawImage | null;
  return {
    async kind() {
      const { DriverStatus } = (await ask('GET', '/info')) as { DriverStatus?: [string, string][] | null };
      const isContainerd = (DriverStatus ?? []).some(
        ([key, value]) => key === 'driver-type' && value.startsWith('io.containerd.snapshotter'),
      );
      return isContainerd ? 'containerd' : 'classic';
    },
    idOf: async (reference) => (await image(reference))?.Id ?? null,
    async canMake(reference) {
      const name = `frostbyte-probe-${newId().slice(-8)}`;
      try {
        await ask('POST', `/containers/create?name=${name}`, { body: bodyOf(probeOf(name, reference)) });
        return true;
      } catch (error) {
        if (error instanceof FrostbyteError && error.kind === 'never') return false;
        // A store that lacks a blob calls it trouble of its own.
        if (error instanceof FrostbyteError && /not found|no such|does not exist/i.test(error.message)) return false;
        throw error;
      } finally {
        await ask('DELETE', `/containers/${name}?force=true&v=true`, { fine: [404, 409] });
      }
    },
    async name(id, reference) {
      const [repo, tag] = [
        reference.slice(0, reference.lastIndexOf(':')),
        reference.slice(reference.lastIndexOf(':') + 1),
      ];
      const query = `repo=${encodeURIComponent(repo)}&tag=${encodeURIComponent(tag)}`;
      await ask('POST', `/images/${id}/tag?${query}`);
    },
    async layers() {
      const all = (await ask('GET', '/images/json')) as { Id: string }[];
      const found: string[][] = [];
      for (const { Id } of all) found.push((await image(Id))?.RootFS?.Layers ?? []);
      return found;
    },
    async load(tar) {
      const text = await send('/images/load?quiet=1', tar);
      // It answers 200 before it has read anything; what went wrong stands in the last of its lines.
      const wrong = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
      if (wrong === undefined) return;
      throw new FrostbyteError(
        'SERVICE_UNAVAILABLE',
        `The container engine did not take an image: ${wrong.slice(0, 300)}`,
        {
          kind: 'never',
        },
      );
    },
  };
}

/** Never started. */
const probeOf = (name: string, image: string) => ({
  name,
  image,
  command: ['probe'],
  labels: {},
  network: null,
  memoryMb: 16,
  cpus: 0.1,
  processes: 4,
  openFiles: 16,
  mounts: [],
  memoryFolders: [],
});

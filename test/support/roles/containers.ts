import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage } from '../../../scripts/images/build.ts';
import { loadImage } from '../../../scripts/stack/engine.ts';
import { type Container, docker } from '../docker.ts';
import { until } from '../faults/until.ts';
import type { TestStack } from '../stack.ts';

/** The users that control runs planes and parsers as. */
export const [PLANE_UID, PARSER_UID] = [7020, 7021];
/** Where a role finds what it shares with others. */
export const HANDOVER_FILE = '/run/frostbyte/handover/handover.json';
export const PARSER_FOLDER = '/run/frostbyte/parser';

export interface RoleContainer {
  /** Behind the image's entrypoint. */
  command: readonly string[];
  uid: number;
  /** None at all unless given. */
  network?: { name: string; address?: string };
  mounts: readonly { source: string; target: string; writable: boolean }[];
  memoryMb?: number;
}

/** Containers of the image `appliance`, confined as control confines them (spec 7, "Compose"). */
export interface RoleContainers {
  /** A folder of the host for what containers share. */
  folder: string;
  run(name: string, container: RoleContainer): Container;
  /** Waits until its own health check says so. */
  healthy(name: string): Promise<void>;
  /** Waits until its own health check fails, and says this. */
  unhealthy(name: string, says: RegExp): Promise<void>;
  inspect(name: string): Container;
  /** A folder in which a parser of `uid` may make its socket, that the plane's group may connect to. */
  parserFolder(name: string): string;
  handover(content: object): string;
  /** Removes containers and files. */
  end(): void;
}

const PREFIX = 'frostbyte-test-role-';

/** The image as the sources are now, in the stack's engine. */
export async function roleContainers(stack: TestStack): Promise<RoleContainers> {
  const image = await buildImage('appliance');
  await loadImage(image);
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-roles-'));
  chmodSync(folder, 0o711);
  const names = new Set<string>();
  const inspect = (name: string) => (JSON.parse(docker(stack, 'inspect', PREFIX + name)) as [Container])[0];
  const health = (name: string) => docker(stack, 'inspect', '--format={{json .State.Health}}', PREFIX + name);

  return {
    folder,
    inspect,
    run(name, { command, uid, network, mounts, memoryMb = 1024 }) {
      names.add(name);
      docker(
        stack,
        'run',
        '--detach',
        `--name=${PREFIX}${name}`,
        `--user=${uid}:${uid}`,
        '--read-only',
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges=true',
        '--dns=127.0.0.1',
        '--restart=no',
        '--pull=never',
        `--memory=${memoryMb}m`,
        `--memory-swap=${memoryMb}m`,
        '--cpus=2',
        '--pids-limit=256',
        '--ulimit=nofile=4096',
        `--network=${network?.name ?? 'none'}`,
        ...(network?.address === undefined ? [] : [`--ip=${network.address}`]),
        ...mounts.map(
          ({ source, target, writable }) =>
            `--mount=type=bind,source=${source},target=${target}${writable ? '' : ',readonly'}`,
        ),
        `--tmpfs=/tmp:uid=${uid},gid=${uid},mode=0700,size=64m,noexec,nosuid,nodev`,
        // As the image says, but looked at as soon as it is asked for.
        '--health-interval=1s',
        image.tag,
        ...command,
      );
      return inspect(name);
    },
    async healthy(name) {
      await until(`${name} healthy`, () => JSON.parse(health(name)).Status === 'healthy', {
        seconds: 120,
        everyMs: 250,
        about: () => `${health(name)} ${docker(stack, 'logs', PREFIX + name)}`,
      });
    },
    async unhealthy(name, says) {
      const said = () =>
        (JSON.parse(health(name)).Log as { ExitCode: number; Output: string }[]).some(
          ({ ExitCode, Output }) => ExitCode !== 0 && says.test(Output),
        );
      await until(`a health check of ${name} that says ${says}`, said, { everyMs: 250, about: () => health(name) });
    },
    parserFolder(name) {
      const path = join(folder, name);
      mkdirSync(path);
      chownSync(path, PARSER_UID, PLANE_UID);
      chmodSync(path, 0o2750);
      return path;
    },
    handover(content) {
      const path = join(folder, 'handover');
      mkdirSync(path, { mode: 0o711 });
      const file = join(path, 'handover.json');
      writeFileSync(file, JSON.stringify(content), { mode: 0o400 });
      chownSync(file, PLANE_UID, PLANE_UID);
      return path;
    },
    end() {
      if (names.size > 0) docker(stack, 'rm', '--force', ...[...names].map((name) => PREFIX + name));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

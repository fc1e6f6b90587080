import { type Check, fail, pass, type Verdict, warn } from '../check.ts';
import type { Facts } from '../facts.ts';
import { isAtLeast } from '../versions.ts';

/** From here on everything is as it was tested most. */
const RECOMMENDED = '27';
const STORAGE = new Set(['overlay2', 'overlayfs', 'btrfs', 'zfs']);

type Engine = NonNullable<Facts['docker']['engine']>;

/** What can only be asked of an engine that answers; where none does, `engine` says so. */
const ofEngine =
  (judge: (engine: Engine) => Verdict) =>
  ({ docker: { engine } }: Facts): Verdict =>
    engine === null ? pass('no engine to ask yet') : judge(engine);

/** The container engine and Compose. */
export const CONTAINER_CHECKS: readonly Check[] = [
  {
    name: 'engine',
    group: 'Containers',
    title: 'Docker Engine',
    strict: true,
    judge({ docker: { engine, client, error, socket } }, { requirements: { docker_engine: least }, brings_engine }) {
      if (engine === null && client === null && !socket) {
        return brings_engine
          ? pass('none; the bundle’s own is installed')
          : fail('none', `Install Docker Engine ${least} or newer (Debian: docker.io); this bundle brings none.`);
      }
      if (engine === null)
        return fail(
          `it does not answer: ${error ?? 'no word'}`,
          'Start it (systemctl enable --now docker); where there is none, install Docker Engine.',
        );
      if (!isAtLeast(engine.version, least)) {
        return fail(`${engine.version}; ${least} or newer is needed`, 'Upgrade Docker Engine.');
      }
      return isAtLeast(engine.version, RECOMMENDED)
        ? pass(engine.version)
        : warn(engine.version, `It works. ${RECOMMENDED} or newer is recommended.`);
    },
  },
  {
    name: 'engine-kind',
    group: 'Containers',
    title: 'Kind of engine',
    strict: true,
    judge: ofEngine(({ product, rootless }) => {
      if (product === 'podman')
        return fail('Podman in Docker’s clothes', 'Install Docker Engine itself: networks behave differently here.');
      if (rootless)
        return fail(
          'rootless',
          'Use the engine of the system: fixed addresses on bridges are not reached in a rootless one.',
        );
      return pass(product === 'docker' ? 'Docker, run by root' : 'run by root');
    }),
  },
  {
    name: 'compose',
    group: 'Containers',
    title: 'Docker Compose',
    strict: false,
    judge({ docker: { compose } }, { requirements: { docker_compose: least }, brings_compose: brought }) {
      if (compose !== null && isAtLeast(compose, least)) return pass(compose);
      const found = compose ?? 'none';
      return brought
        ? pass(`${found}; the bundle’s own is used`)
        : fail(`${found}; ${least} or newer is needed`, 'Install the plugin docker-compose; this bundle brings none.');
    },
  },
  {
    name: 'engine-storage',
    group: 'Containers',
    title: 'Storage of images',
    strict: false,
    judge: ofEngine(({ storage_driver: driver }) =>
      STORAGE.has(driver)
        ? pass(driver)
        : fail(
            driver,
            'Let it use overlay2 ("storage-driver" in /etc/docker/daemon.json): this one takes many times the room.',
          ),
    ),
  },
  {
    name: 'engine-limits',
    group: 'Containers',
    title: 'Limits for containers',
    strict: true,
    judge: ofEngine(({ limits }) => {
      const missing = Object.entries(limits).flatMap(([name, has]) => (has ? [] : [name]));
      return missing.length === 0
        ? pass('memory, processes, processors')
        : fail(
            `none for ${missing.join(', ')}`,
            'Switch the control groups on (see Control groups), and restart the engine.',
          );
    }),
  },
  {
    name: 'engine-firewall',
    group: 'Containers',
    title: 'Engine’s packet filter',
    strict: true,
    judge: ({ docker: { iptables_off: isOff } }) =>
      isOff
        ? fail('"iptables": false', 'Take it out of /etc/docker/daemon.json: internal networks would not be closed.')
        : pass('on'),
  },
  {
    name: 'engine-users',
    group: 'Containers',
    title: 'Users of containers',
    strict: false,
    judge: ofEngine(({ user_namespaces: isMapped }) =>
      isMapped
        ? fail(
            'mapped ("userns-remap")',
            'Take it out of /etc/docker/daemon.json: secrets are handed to containers by user id.',
          )
        : pass('not mapped'),
    ),
  },
  {
    name: 'engine-swarm',
    group: 'Containers',
    title: 'Swarm',
    strict: false,
    judge: ofEngine(({ swarm }) =>
      swarm
        ? warn('this host is a node of one', 'docker swarm leave: a manager elsewhere could start containers here.')
        : pass('off'),
    ),
  },
  {
    name: 'overlay',
    group: 'Containers',
    title: 'Overlay file system',
    strict: false,
    judge: ({ kernel: { overlay } }) =>
      overlay === false
        ? fail('the kernel has none', 'modprobe overlay, or install the kernel’s modules.')
        : pass(overlay === null ? 'not known yet' : 'yes'),
  },
];

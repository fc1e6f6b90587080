import type { Failure } from '../failure.ts';
import type { Observed, ObservedContainer, ObservedEngine } from '../observed.ts';

const LEAST = [20, 10, 24] as const;

/** Only where containers are what the appliance is made of. */
const engineOf = ({ mode, engine }: Observed): ObservedEngine | null => (mode === 'stack' ? engine : null);
const answering = (observed: Observed) => {
  const engine = engineOf(observed);
  return engine?.version ? engine : null;
};
const containers = (observed: Observed, is: (one: ObservedContainer) => boolean) =>
  (answering(observed)?.containers ?? []).filter(is);
const whose = ({ name, tenant }: ObservedContainer) => (tenant === null ? name : `${name}, of ${tenant}`);

/** A store that is up and not well, by the name of its service. */
function unhealthy(service: string, title: string, why: string, mend: string): Failure {
  return {
    code: `${service}-unhealthy`,
    group: 'Engine',
    title,
    why,
    mend,
    severity: 'trouble',
    recognise: (observed) =>
      containers(observed, (one) => one.tenant === null && one.service === service && one.health === 'unhealthy').map(
        ({ name, health_log }) => `${name}${health_log === null ? '' : `: ${health_log}`}`,
      ),
  };
}

export const ENGINE_FAILURES: readonly Failure[] = [
  {
    code: 'engine-missing',
    group: 'Engine',
    title: 'There is no container engine',
    why: 'It was removed, or never installed.',
    mend: 'Run install.sh from the medium again: it brings the engine where the bundle has it. Else install Docker Engine (Debian: docker.io).',
    severity: 'trouble',
    recognise: (observed) => (engineOf(observed)?.is_there === false ? ['no dockerd, and no socket'] : []),
  },
  {
    code: 'engine-down',
    group: 'Engine',
    title: 'The container engine does not answer',
    why: 'It was stopped, ended, or hangs. Containers may go on without it, but nothing is started again.',
    mend: 'systemctl start docker, and journalctl -u docker -n 50 where it does not stay up.',
    severity: 'trouble',
    recognise: (observed) => {
      const engine = engineOf(observed);
      return engine?.is_there && engine.version === null ? [engine.problem ?? 'it does not answer'] : [];
    },
  },
  {
    code: 'engine-too-old',
    group: 'Engine',
    title: 'The container engine is too old',
    why: 'What confines containers is not all there before Docker Engine 20.10.24.',
    mend: 'Upgrade the engine from the distribution, or from a bundle that brings it.',
    severity: 'trouble',
    recognise: (observed) => {
      const version = answering(observed)?.version ?? null;
      return version !== null && isOlder(version) ? [`${version}, and ${LEAST.join('.')} is the oldest`] : [];
    },
  },
  {
    code: 'compose-missing',
    group: 'Engine',
    title: 'Compose is missing',
    why: 'Control brings the core stack up with the program that the release brings.',
    mend: 'Run install.sh from the medium again, or let stack.compose name the program docker-compose.',
    severity: 'trouble',
    recognise: (observed) =>
      engineOf(observed)?.compose_there === false ? ['the program that stack.compose names'] : [],
  },
  {
    code: 'images-missing',
    group: 'Engine',
    title: 'Images are missing in the engine',
    why: 'Somebody pruned them, or the engine’s storage was made anew. No registry is ever asked for them.',
    mend: 'Run install.sh from the medium again: it loads what is missing.',
    severity: 'trouble',
    recognise: (observed) => answering(observed)?.missing_images ?? [],
  },
  {
    code: 'networks-missing',
    group: 'Engine',
    title: 'A network is missing',
    why: 'Somebody pruned networks while the stack was down.',
    mend: 'systemctl restart frostbyte-control: it makes what is missing, and attaches what belongs to it.',
    severity: 'trouble',
    recognise: (observed) => answering(observed)?.missing_networks ?? [],
  },
  {
    code: 'container-missing',
    group: 'Engine',
    title: 'A container is missing',
    why: 'It was removed, or control has not come so far yet.',
    mend: 'systemctl restart frostbyte-control: it makes what is missing.',
    severity: 'trouble',
    recognise: (observed) => {
      const engine = answering(observed);
      if (engine === null) return [];
      const there = new Set(engine.containers.map(({ name }) => name));
      return engine.wanted.filter(({ name }) => !there.has(name)).map(({ name }) => name);
    },
  },
  {
    code: 'container-out-of-memory',
    group: 'Engine',
    title: 'A container took more memory than it may',
    why: 'The kernel ended it. A store goes on from its log; a document that does so again and again becomes a dead letter.',
    mend: 'Where it is a tenant’s plane, look at its dead letters. Where it is a store, the host may be too small: frostbyte preflight.',
    severity: 'trouble',
    recognise: (observed) => containers(observed, ({ oom_killed }) => oom_killed).map(whose),
  },
  {
    code: 'container-exited',
    group: 'Engine',
    title: 'A container has ended',
    why: 'Its own log says why. Control starts those of the core stack again every few seconds.',
    mend: 'docker logs NAME; where it ends again and again, the lines before its end are the reason.',
    severity: 'trouble',
    recognise: (observed) =>
      containers(observed, ({ state, oom_killed }) => (state === 'exited' || state === 'dead') && !oom_killed).map(
        (one) => `${whose(one)}: exit code ${one.exit_code}`,
      ),
  },
  {
    code: 'container-restarting',
    group: 'Engine',
    title: 'A container does not stay up',
    why: 'It ends soon after it was started, again and again.',
    mend: 'docker logs NAME',
    severity: 'trouble',
    recognise: (observed) =>
      containers(observed, ({ state }) => state === 'restarting').map((one) => `${whose(one)}, ${one.restarts} times`),
  },
  {
    code: 'container-paused',
    group: 'Engine',
    title: 'A container is paused',
    why: 'Somebody stopped its processes by hand. Nothing else does.',
    mend: 'docker unpause NAME',
    severity: 'trouble',
    recognise: (observed) => containers(observed, ({ state }) => state === 'paused').map(whose),
  },
  unhealthy(
    'postgres',
    'PostgreSQL is not well',
    'It recovers from a power cut, which takes minutes, or cannot write.',
    'docker logs frostbyte-postgres-1. While it says “recovery”, wait. “No space left” and “Permission denied” are the host’s disk.',
  ),
  unhealthy(
    'objects',
    'The object store is not well',
    'It cannot read or write its volume, or was given other secrets than its volume knows.',
    'docker logs frostbyte-objects-1, and look at the disk of the engine.',
  ),
  unhealthy(
    'redis',
    'Redis is not well',
    'It has no memory left, or was given another password than its clients have.',
    'docker logs frostbyte-redis-1. It keeps nothing: docker restart frostbyte-redis-1 does no harm.',
  ),
  unhealthy(
    'qdrant',
    'Qdrant is not well',
    'It loads its collections, which takes minutes, or cannot write.',
    'docker logs frostbyte-qdrant-1. While it loads, wait. Its vectors can be made anew: frostbyte tenant reindex TENANT',
  ),
  unhealthy(
    'clamav',
    'The scanner’s clamd is not well',
    'It loads its signatures, which takes minutes on a small host, or found none that it can read.',
    'docker logs frostbyte-clamav-1. Where signatures are damaged, put good ones into stack.signatures_folder and restart control.',
  ),
  unhealthy(
    'scanner',
    'The way to the scanner is not well',
    'It waits for clamd. No document is taken unscanned meanwhile.',
    'Mend clamd first; then docker logs frostbyte-scanner-1.',
  ),
  {
    code: 'tenant-container-unhealthy',
    group: 'Engine',
    title: 'A tenant’s container is not well',
    why: 'Its own check fails. Control puts another in its place when it ends.',
    mend: 'docker logs NAME; docker restart NAME has control begin anew.',
    severity: 'trouble',
    recognise: (observed) =>
      containers(observed, ({ tenant, health }) => tenant !== null && health === 'unhealthy').map(whose),
  },
];

function isOlder(version: string): boolean {
  const numbers = version.split(/[^\d]+/).map(Number);
  for (const [at, least] of LEAST.entries()) {
    const number = numbers[at] ?? 0;
    if (number !== least) return number < least;
  }
  return false;
}

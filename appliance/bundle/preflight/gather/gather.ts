import type { HostLayout } from '../../host-layout.ts';
import type { Facts } from '../facts.ts';
import type { HostPort } from '../host-port.ts';
import { gatherDisks, gatherMemory, typeOf } from './disks.ts';
import { gatherDocker } from './docker.ts';
import { gatherInstallation } from './installation.ts';
import { gatherFirewall, gatherNetwork } from './network.ts';
import {
  gatherCgroups,
  gatherClock,
  gatherInit,
  gatherKernel,
  gatherProcess,
  gatherProcessors,
  gatherSecurity,
  gatherSystem,
  toolsMissing,
} from './system.ts';

/** Where the engine keeps images where it does not say, or is not there yet. */
const DOCKER_ROOT = '/var/lib/docker';

/** Finds out all that is judged. Changes nothing, sends nothing; each question has a time limit. */
export async function gatherFacts(host: HostPort, layout: HostLayout): Promise<Facts> {
  const docker = await gatherDocker(host);
  const images = docker.engine?.root || DOCKER_ROOT;
  return {
    now: host.self().now,
    system: await gatherSystem(host),
    process: gatherProcess(host),
    processors: gatherProcessors(host),
    memory: gatherMemory(host),
    cgroups: gatherCgroups(host),
    kernel: gatherKernel(host),
    security: gatherSecurity(host),
    clock: await gatherClock(host),
    disks: gatherDisks(host, [layout.programs, layout.data, images]),
    run_type: typeOf(host, '/run'),
    network: gatherNetwork(host),
    firewall: await gatherFirewall(host),
    docker,
    init: await gatherInit(host),
    tools_missing: toolsMissing(host),
    installation: gatherInstallation(host, layout),
  };
}

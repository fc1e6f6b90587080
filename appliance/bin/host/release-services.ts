import type { Services } from '../../bundle/install/tools.ts';
import type { ReleaseServices } from '../../bundle/upgrade/tools.ts';
import { openEngine } from '../../control/engine/engine.ts';
import { PLANE_LABEL, STORES_PLANE } from '../../control/engine/labels.ts';
import { coreContainer } from '../../control/stack/addresses.ts';
import { CORE_SERVICES, CORE_VOLUMES, type CoreMount } from '../../control/stack/core-services.ts';
import { runProgram } from './run-program.ts';

const CONTROL = 'frostbyte-control.service';
const GATEWAY = 'frostbyte-gateway.service';
/** Control gives its work the time that the settings say, and then ends it. */
const STOP_SECONDS = 180;
/** A store that ends in its own time needs not mend itself when it is started again. */
const STORE_SECONDS = 60;

/** Of the core stack, those that keep nothing: no copy of the data has to wait for them. */
const goesOn: ReadonlySet<string> = new Set(
  CORE_SERVICES.filter(({ mounts = [] }) => !mounts.some(keepsData)).map(({ name }) => coreContainer(name)),
);

function keepsData(mount: CoreMount): boolean {
  return 'volume' in mount && 'keeps' in CORE_VOLUMES[mount.volume];
}

/** The services of this host, with one release in the place of another. */
export function releaseServices(services: Services, socket: string): ReleaseServices {
  const { manager, commands, areUp, failed } = services;
  return {
    manager,
    commands,
    areUp: () => areUp(),
    failed: () => failed(),
    async rest() {
      // Not to come up by itself in the middle, either: a boot may come between.
      if (manager === 'systemd')
        await runProgram('systemctl', ['disable', '--now', CONTROL], { seconds: STOP_SECONDS, accepted: [0, 1, 5] });
      else await services.stop();
      const engine = openEngine(socket);
      // Networks stay: whoever comes finds them as they should be, or mends them.
      const there = await engine.containers(PLANE_LABEL);
      await Promise.all(
        there.map(async ({ name, labels }) => {
          // Whoever keeps nothing goes on, and whoever keeps something ends and stays: control makes anew what has to be.
          if (goesOn.has(name)) return;
          await engine.stop(name, STORE_SECONDS);
          if (labels[PLANE_LABEL] !== STORES_PLANE) await engine.remove(name);
        }),
      );
    },
    async renew() {
      // What runs of the release before would be taken for the one that is current.
      if (manager === 'systemd')
        for (const unit of [GATEWAY, CONTROL])
          await runProgram('systemctl', ['stop', unit], { seconds: STOP_SECONDS, accepted: [0, 1, 5] });
      await services.start();
    },
  };
}

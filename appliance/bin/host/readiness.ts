import { connect } from 'node:net';
import type { Readiness } from '../../bundle/install/tools.ts';
import type { Config } from '../../config/schema.ts';
import { PLANE_LABEL, STORES_PLANE } from '../../control/engine/labels.ts';
import { engineRequests } from '../../control/engine/requests.ts';
import { coreContainer } from '../../control/stack/addresses.ts';
import { CORE_SERVICES } from '../../control/stack/core-services.ts';
import { runPaths } from '../../kernel/names.ts';
import { runFolder } from '../run-folder.ts';

/** A gateway that waits for control answers within this. */
const ANSWER_MS = 10_000;

type Missing = { name: string; message: string };

/** Where people reach the gateway of these settings. */
export const gatewayUrl = ({ listen: { host, port } }: Pick<Config, 'listen'>): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Whether control takes calls. */
export function controlAnswers(config: Config): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(runPaths(runFolder(config)).control);
    const end = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

/** Whether the gateway listens. */
export async function gatewayAnswers(config: Config): Promise<boolean> {
  return fetch(`${gatewayUrl(config)}/health`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/**
 * What the appliance of these settings waits for: first the stores, which control brings up before it answers; then control
 * and gateway; then whatever the gateway’s `/ready` names.
 */
export function hostReadiness(config: () => Config): Readiness {
  return {
    async waitingFor() {
      const settings = config();
      if (!(await controlAnswers(settings))) {
        const stores = await unhealthyStores(settings).catch((): Missing[] => []);
        const control = { name: 'control', message: 'brings the stores up before it answers' };
        return { of: CORE_SERVICES.length + 2, missing: [...stores, control, ...(await gatewayMissing(settings))] };
      }
      return askGateway(settings);
    },
  };
}

async function gatewayMissing(settings: Config): Promise<Missing[]> {
  return (await gatewayAnswers(settings)) ? [] : [{ name: 'gateway', message: 'does not listen' }];
}

async function askGateway(settings: Config): ReturnType<Readiness['waitingFor']> {
  try {
    const answer = await fetch(`${gatewayUrl(settings)}/ready`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const { dependencies } = (await answer.json()) as { dependencies: (Missing & { ok: boolean })[] };
    const missing = dependencies.filter(({ ok }) => !ok).map(({ name, message }) => ({ name, message }));
    return { of: dependencies.length, missing };
  } catch {
    return { of: 1, missing: [{ name: 'gateway', message: 'does not answer' }] };
  }
}

/** Services of the core stack that are not healthy by their own check. */
async function unhealthyStores({ stack }: Config): Promise<Missing[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${PLANE_LABEL}=${STORES_PLANE}`] }));
  const found = (await engineRequests(stack.engine).ask('GET', `/containers/json?all=true&filters=${filters}`)) as {
    Names: string[];
    State: string;
    Status: string;
  }[];
  const containers = new Map(found.map((one) => [(one.Names[0] ?? '').replace(/^\//, ''), one]));
  return CORE_SERVICES.flatMap(({ name }) => {
    const container = containers.get(coreContainer(name));
    const message = container === undefined ? 'not made yet' : standing(container);
    return message === null ? [] : [{ name, message }];
  });
}

/** How a container stands, in words that stay the same while it does; null: as it should be. */
function standing({ State, Status }: { State: string; Status: string }): string | null {
  if (State !== 'running') return State === 'created' ? 'not started yet' : 'does not run';
  if (Status.includes('(healthy)')) return null;
  return Status.includes('(unhealthy)') ? 'not healthy' : 'starting';
}

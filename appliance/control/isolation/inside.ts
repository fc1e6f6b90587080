import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { IsolationAnswer, type IsolationOrder, type IsolationTry } from '../../api/plane/isolation-order.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { Turns } from '../../kernel/turns.ts';
import type { Engine } from '../engine/engine.ts';
import { containerName, tenantLabels } from '../engine/labels.ts';
import type { NewContainer } from '../engine/new-container.ts';
import { writeSecretFile } from '../engine/secret-files.ts';
import { settleContainer } from '../engine/settle-container.ts';
import type { TenantNetworks } from '../networks/port.ts';
import { type ContainerLimits, limited } from '../stack/confinement.ts';

/** The isolation check from where a thief would sit (spec 3): a container in the tenant's network, gone when it is over. */
export interface InsideChecks {
  /**
   * Tries everything of the order. Where the tenant's data plane runs, through its very network: what it reaches, whoever
   * attached it to what. Throws `STORE_UNAVAILABLE` where nothing was found out, `SERVICE_UNAVAILABLE`.
   */
  run(order: IsolationOrder): Promise<IsolationTry[]>;
  /** Takes away what a check that broke off left. Nothing there is no error. */
  destroy(tenantId: string): Promise<void>;
  isGone(tenantId: string): Promise<boolean>;
}

export interface InsideChecksOptions {
  engine: Engine;
  networks: Pick<TenantNetworks, 'of'>;
  image: string;
  /** The user that it runs as: that of the tenants' planes. */
  uid: number;
  limits: ContainerLimits;
  /** Folder on memory for orders and answers; it belongs to this alone. */
  folder: string;
  /** What of the host a tenant's data plane is given to write to: its vectors, where they lie in files, and its inbox. */
  folders(tenantId: string): readonly { source: string; target: string }[];
}

/** Where the check finds its order, and where it leaves its answer (`bin/roles/isolation.ts`). */
export const ORDER_FILE = '/run/frostbyte/order/order.json';
export const ANSWER_FILE = '/run/frostbyte/answer/answer.json';
/** From being asked for until it ends: beside the time that it knocks, it is made, and doors that were begun answer. */
const LONGEST_SECONDS = 150;
/** Beside that, for each other tenant. */
const EACH_SECONDS = 5;
const MOST_BYTES = 64 << 20;

export function insideChecks(options: InsideChecksOptions): InsideChecks {
  const { engine, networks, uid, folder } = options;
  const turns = new Turns();
  const nameOf = (tenantId: string) => containerName(tenantId, 'isolation');

  /** What its data plane reaches and sees; where there is none, what the next would be given. */
  async function standsIn(tenantId: string): Promise<Pick<NewContainer, 'network' | 'mounts'>> {
    const plane = await engine.container(containerName(tenantId, 'data-plane'));
    if (plane?.running) return { network: { of: plane.id }, mounts: plane.mounts };
    const network = await networks.of(tenantId);
    return {
      network: { name: network.name, address: network.address('thief') },
      mounts: options.folders(tenantId).map((each) => ({ ...each, writable: true })),
    };
  }

  async function remove(tenantId: string): Promise<void> {
    await engine.remove(nameOf(tenantId));
    rmSync(placesOf(folder, tenantId).place, { recursive: true, force: true });
  }

  async function check(order: IsolationOrder): Promise<IsolationTry[]> {
    const { tenant_id: tenantId, targets } = order;
    const { given, answer } = placesOf(folder, tenantId);
    await writeSecretFile(join(given, 'order.json'), JSON.stringify(order), uid);
    mkdirSync(answer, { mode: 0o700 });
    chownSync(answer, uid, uid);
    const id = await settleContainer(engine, isolationContainer(options, tenantId, await standsIn(tenantId)));
    await engine.start(id);
    await engine.ended(id, AbortSignal.timeout((LONGEST_SECONDS + EACH_SECONDS * targets.length) * 1000));
    return readAnswer(join(answer, 'answer.json'));
  }

  return {
    run: (order) =>
      turns.take(order.tenant_id, async () => {
        await remove(order.tenant_id);
        try {
          return await check(order);
        } finally {
          await remove(order.tenant_id);
        }
      }),
    destroy: (tenantId) => turns.take(tenantId, () => remove(tenantId)),
    isGone: async (tenantId) => (await engine.container(nameOf(tenantId))) === null,
  };
}

/** The check of a tenant, as the engine is asked for it. `place`: what its data plane reaches and sees. */
export function isolationContainer(
  { image, uid, limits, folder }: Pick<InsideChecksOptions, 'image' | 'uid' | 'limits' | 'folder'>,
  tenantId: string,
  { network, mounts }: Pick<NewContainer, 'network' | 'mounts'>,
): NewContainer {
  const { given, answer } = placesOf(folder, tenantId);
  return {
    name: containerName(tenantId, 'isolation'),
    image,
    command: ['serve', '--role', 'isolation', '--order', ORDER_FILE, '--answer', ANSWER_FILE],
    user: `${uid}:${uid}`,
    labels: tenantLabels(tenantId, 'isolation'),
    network,
    ...limited(limits, uid),
    mounts: [
      ...mounts,
      { source: given, target: '/run/frostbyte/order', writable: false },
      { source: answer, target: '/run/frostbyte/answer', writable: true },
    ],
  };
}

function placesOf(folder: string, tenantId: string) {
  const place = join(folder, containerName(tenantId, 'isolation'));
  return { place, given: join(place, 'order'), answer: join(place, 'answer') };
}

/** What is not an answer, or none, is no pass. */
async function readAnswer(file: string): Promise<IsolationTry[]> {
  const answer = IsolationAnswer.safeParse(await contentOf(file));
  const said = answer.success
    ? answer.data
    : { failed: 'The isolation check in the tenant’s network ended without an answer. Run it again.' };
  if ('found' in said) return said.found;
  throw new FrostbyteError('STORE_UNAVAILABLE', said.failed);
}

async function contentOf(file: string): Promise<unknown> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      return size > MOST_BYTES ? null : JSON.parse(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

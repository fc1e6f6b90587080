import type { Dependency } from '../api/plane/tables.ts';
import type { Parser } from '../data/2-parse/sandbox/parse-file.ts';
import type { DataPlane, Scanner } from '../data/plane.ts';
import { isFrostbyteError } from '../kernel/errors.ts';

/** Each dependency of the data planes by name, without ids or secrets (spec 4). */

const STORES = ['objects', 'records', 'vectors', 'queue'] as const;

/** Whether all planes of this process reach their stores. */
export function storesHealth(planes: readonly DataPlane[]): Promise<Dependency[]> {
  return Promise.all(
    STORES.map((store) => probe(`tenants.${store}`, () => Promise.all(planes.map((plane) => plane[store].check())))),
  );
}

/** The layers of the parser's sandbox, and the scanner where one is configured. */
export async function toolsHealth(parser: Parser, scanner: Scanner): Promise<Dependency[]> {
  const { layers } = await parser.layers();
  return [
    ...layers.map(({ name, state, required, message }) => ({
      name: `parser.${name}`,
      ok: state === 'active' || !required,
      message,
    })),
    ...(scanner.configured ? [await probe('scanner', () => scanner.check())] : []),
  ];
}

export function workersHealth(alive: number, wanted: number): Dependency {
  return { name: 'workers', ok: alive >= wanted, message: `${alive} of ${wanted} alive` };
}

/** Not well while a step of the host's clock is doubted: nothing is erased because its time is over then. */
export function clockHealth(step: { from: number; to: number } | null): Dependency {
  if (step === null) return { name: 'clock', ok: true, message: 'goes on as it should' };
  const days = Math.round((step.to - step.from) / 86_400_000);
  return {
    name: 'clock',
    ok: false,
    message: `The host's clock stepped ${days} days ahead. Set it right and restart; nothing is erased for its age until it has been trusted for a day.`,
  };
}

export function inboxHealth(silent: number): Dependency {
  return {
    name: 'inbox',
    ok: silent === 0,
    message: silent === 0 ? 'answers' : `the folders of ${silent} tenant(s) do not answer; everything else goes on`,
  };
}

async function probe(name: string, check: () => Promise<unknown>): Promise<Dependency> {
  try {
    await check();
    return { name, ok: true, message: 'answers' };
  } catch (error) {
    return { name, ok: false, message: isFrostbyteError(error) ? error.message : 'does not answer' };
  }
}

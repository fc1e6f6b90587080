import { isFrostbyteError } from '../../kernel/errors.ts';
import type { Observed } from '../../observability/doctor/observed.ts';

/** No look may hold the others up longer. */
const PATIENCE_MS = 5000;

/** Looks at one thing after the other, each within its time; what cannot be seen is told, and the rest goes on. */
export interface Sight {
  see<T>(what: string, look: () => T | Promise<T>, otherwise: T, patienceMs?: number): Promise<T>;
  readonly blind: Observed['blind'];
}

export function openSight(): Sight {
  const blind: { what: string; why: string }[] = [];
  return {
    blind,
    async see(what, look, otherwise, patienceMs = PATIENCE_MS) {
      try {
        return await within(patienceMs, async () => look());
      } catch (error) {
        blind.push({ what, why: reasonOf(error) });
        return otherwise;
      }
    },
  };
}

/** What answers within its time. Throws where nothing came; what was begun is left to itself. */
export async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** In words, without what a library may have put into it. */
export function reasonOf(error: unknown): string {
  if (isFrostbyteError(error)) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return path === undefined ? code : `${code}: ${path}`;
  return error instanceof Error && error.message.startsWith('no answer') ? error.message : 'it cannot be read';
}

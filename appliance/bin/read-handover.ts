import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { PlaneHandover } from '../api/plane/handover.ts';
import { FrostbyteError } from '../kernel/errors.ts';

/** What a tenant's process was handed, and how it finds out that whoever started it is gone. */
export interface Handed {
  handover: PlaneHandover;
  /** Resolves when the pipe breaks; never for a file. */
  starterGone: Promise<void>;
}

/** Keys, configuration and settings of one tenant are far below. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Reads a handover from an inherited pipe (`fd:3`), as one line, or from a file. Throws `CONFIG_INVALID` where it is not
 * one, or another tenant's.
 */
export async function readHandover(from: string, tenantId: string): Promise<Handed> {
  const fd = /^fd:(\d{1,3})$/.exec(from)?.[1];
  const { text, starterGone } =
    fd === undefined
      ? { text: await readWhole(from), starterGone: new Promise<void>(() => {}) }
      : await readPipe(Number(fd));
  const parsed = PlaneHandover.safeParse(asJson(text));
  if (!parsed.success || parsed.data.tenant_id !== tenantId) {
    const what = parsed.success
      ? 'tenant_id'
      : parsed.error.issues.map(({ path }) => path.join('.') || 'form').join(', ');
    throw new FrostbyteError('CONFIG_INVALID', `The handover of the tenant’s process is not usable (${what}).`);
  }
  return { handover: parsed.data, starterGone };
}

async function readWhole(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('CONFIG_INVALID', `The handover ${path} cannot be read.`, { cause });
  }
}

async function readPipe(fd: number): Promise<{ text: string; starterGone: Promise<void> }> {
  const pipe = new Socket({ fd, readable: true, writable: false });
  const starterGone = new Promise<void>((resolve) => pipe.once('close', () => resolve()));
  pipe.on('error', () => undefined);
  const text = await new Promise<string>((resolve, reject) => {
    let held = '';
    pipe.on('data', (chunk: Buffer) => {
      held += chunk.toString('latin1');
      const end = held.indexOf('\n');
      if (end !== -1) resolve(Buffer.from(held.slice(0, end), 'latin1').toString('utf8'));
      else if (held.length > MOST_BYTES) reject(new FrostbyteError('CONFIG_INVALID', 'The handover is too long.'));
    });
    void starterGone.then(() => reject(new FrostbyteError('CONFIG_INVALID', 'No handover came.')));
  });
  return { text, starterGone };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

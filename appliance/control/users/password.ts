import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { FrostbyteError } from '../../kernel/errors.ts';
import { Turns } from '../../kernel/turns.ts';

/**
 * Passwords as argon2id, in the form that others write too: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. The parameters stand
 * in it, so that they can grow while what was written before still opens.
 */
interface Cost {
  /** KiB. */
  memory: number;
  passes: number;
  parallelism: number;
}
const COST: Readonly<Cost> = Object.freeze({ memory: 65_536, passes: 3, parallelism: 1 });
const [SALT_BYTES, HASH_BYTES] = [16, 32];
const FORM = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43})$/;

const SHORTEST = 12;
const LONGEST = 256;

/** Each takes 64 MiB and a core for a quarter of a second: one at a time, whatever comes in. */
const turns = new Turns();
const derive = promisify(argon2);

/** What a password must be; throws `VALIDATION_ERROR` with the mend, never with the password. */
export function checkPassword(password: string, username: string): void {
  const complain = (constraint: string) => {
    throw new FrostbyteError('VALIDATION_ERROR', `The password ${constraint}.`, {
      details: [{ field: 'password', constraint }],
    });
  };
  const { length } = [...meant(password)];
  if (length < SHORTEST || length > LONGEST) complain(`must have ${SHORTEST} to ${LONGEST} characters`);
  if (new Set(meant(password)).size < 5) complain('must have five different characters at least');
  if (meant(password).toLowerCase().includes(username.toLowerCase())) complain('must not hold the user name');
}

/** The password as it is kept. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await hashed(password, salt, COST);
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${base64(salt)}$${base64(hash)}`;
}

/**
 * Whether this is the password that was kept. Where none was (nobody of that name, or locked) it takes as long and is
 * false, so that the time does not tell which names there are.
 */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const found = FORM.exec(kept ?? '');
  if (found === null) {
    await hashed(password, Buffer.alloc(SALT_BYTES), COST);
    return false;
  }
  const [, memory, passes, parallelism, salt, hash] = found;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const made = await hashed(password, Buffer.from(salt!, 'base64'), cost);
  return timingSafeEqual(made, Buffer.from(hash!, 'base64'));
}

function hashed(password: string, nonce: Buffer, cost: Cost): Promise<Buffer> {
  const parameters = { message: meant(password), nonce, tagLength: HASH_BYTES, ...cost };
  return turns.take('argon2id', async () => Buffer.from((await derive('argon2id', parameters)) as Uint8Array));
}

/** The same letters typed on another keyboard are the same password. */
function meant(password: string): string {
  return password.normalize('NFKC');
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

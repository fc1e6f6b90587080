import { readFile, rename, writeFile } from 'node:fs/promises';
import { type IsolationAnswer, IsolationOrder } from '../../api/plane/isolation-order.ts';
import { tryEverything } from '../../isolation/check.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';

/**
 * The role `isolation`: tries once, from where it was started, what a thief would (spec 3), leaves its answer and ends.
 * Order and answer are files, so that no credential stands in arguments, environment or logs. Throws `CONFIG_INVALID`
 * where there is no order.
 */
export async function runIsolation(order: string, answer: string): Promise<void> {
  const said = await answerTo(await readOrder(order));
  await writeFile(`${answer}.new`, JSON.stringify(said), { mode: 0o600 });
  await rename(`${answer}.new`, answer);
  // What a library left waiting has nothing to say any more.
  process.exit(0);
}

async function answerTo(order: IsolationOrder): Promise<IsolationAnswer> {
  try {
    return { found: await tryEverything(order) };
  } catch (error) {
    // What it was told is in no message but our own.
    return { failed: isFrostbyteError(error) ? error.message : 'The isolation check failed. Run it again.' };
  }
}

async function readOrder(path: string): Promise<IsolationOrder> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new FrostbyteError('CONFIG_INVALID', `The order ${path} cannot be read.`, { cause });
  });
  try {
    return IsolationOrder.parse(JSON.parse(text));
  } catch {
    throw new FrostbyteError('CONFIG_INVALID', `The order ${path} is not one of the isolation check.`);
  }
}

import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServerTls } from '../../../kernel/server-tls.ts';
import { syncFolder } from '../../../secrets/secret-file.ts';

/**
 * Who may come in to a database, and from where, by its password. Where the server speaks TLS nobody comes in without, and
 * where it asks for certificates nobody without one of the clients' authority.
 */
export function hbaLine(
  who: { database: string; role: string; from: string },
  { tls, asksCertificates = false }: { tls?: ServerTls | undefined; asksCertificates?: boolean },
): string {
  const [type, more] = tls === undefined ? ['host', ''] : ['hostssl', asksCertificates ? ' clientcert=verify-ca' : ''];
  return `${type} ${who.database} ${who.role} ${who.from} scram-sha-256${more}\n`;
}

/**
 * Says in a file of its own who may come in to PostgreSQL, and from where. Whole and durable before it takes its place: the
 * server reads the folder whenever it is told to, as its own user, so that the file is for all to read whatever the umask is.
 */
export async function writeHbaRule(file: string, line: string): Promise<void> {
  const beside = `${file}.new`;
  const handle = await open(beside, 'w');
  try {
    await handle.chmod(0o644);
    await handle.writeFile(line);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  await syncFolder(dirname(file));
}

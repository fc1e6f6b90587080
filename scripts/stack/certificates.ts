/** What the stack's servers and their clients show each other, where it is brought up to speak TLS. */
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVER_NAMES } from '../../appliance/bin/wire/stack/certificates.ts';
import { type Certificate, testAuthority } from '../../test/support/certificate.ts';
import { readRecipe } from '../images/recipe.ts';
import { PLACE } from './place.ts';

/** `FROSTBYTE_STACK_TLS=on`: the stores speak TLS, and ask for certificates. */
export const OVER_TLS = process.env.FROSTBYTE_STACK_TLS === 'on';

const DAYS = 30;
const NAMES = [
  ...['stores_authority', 'clients_authority', 'client_certificate', 'client_key'],
  ...['postgres', 'objects', 'redis', 'qdrant'].flatMap((name) => [`${name}_certificate`, `${name}_key`]),
];

/** Writes them beside the other secrets, each readable by whom it is for; what is there stays. */
export function writeCertificates(): void {
  if (!OVER_TLS || existsSync(join(PLACE.secrets, 'stores_authority'))) return;
  const [stores, clients] = [testAuthority(DAYS), testAuthority(DAYS)];
  const write = (name: string, text: string, owner = 0) => {
    writeFileSync(join(PLACE.secrets, name), text, { mode: name.endsWith('_key') ? 0o400 : 0o444 });
    if (owner !== 0) chownSync(join(PLACE.secrets, name), owner, owner);
  };
  const writePair = (name: string, { cert, key }: Certificate, owner = 0) => {
    write(`${name}_certificate`, cert, owner);
    write(`${name}_key`, key, owner);
  };
  for (const name of ['postgres', 'objects', 'redis'] as const) {
    writePair(name, stores.issue([`DNS:${SERVER_NAMES[name]}`], DAYS), readRecipe(name).user.id);
  }
  // The double of Qdrant runs where a test starts it.
  writePair('qdrant', stores.issue([`DNS:${SERVER_NAMES.qdrant}`, 'IP:127.0.0.1'], DAYS));
  writePair('client', clients.issue(['DNS:client'], DAYS));
  write('clients_authority', clients.ca);
  // The last one: it says that all are there.
  write('stores_authority', stores.ca);
}

/** All of them by their names, as tests are told; none where the stack speaks no TLS. */
export function certificates(): Record<string, string> {
  if (!OVER_TLS) return {};
  return Object.fromEntries(NAMES.map((name) => [name, readFileSync(join(PLACE.secrets, name), 'utf8')]));
}

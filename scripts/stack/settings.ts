/** What the core stack is given in files: secrets, who may come in to PostgreSQL, a signature. */
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CORE_NETWORKS,
  type CorePlace,
  coreAddress,
  networkPlan,
  PORTS,
} from '../../appliance/control/stack/addresses.ts';
import { DEFAULT_SUBNET } from '../../appliance/kernel/names.ts';
import { EICAR } from '../../test/support/clamd.ts';
import type { TestStack } from '../../test/support/stack.ts';
import { release } from '../images/build.ts';
import { readRecipe } from '../images/recipe.ts';
import { certificates, OVER_TLS, writeCertificates } from './certificates.ts';
import { PLACE } from './place.ts';

const address = (who: CorePlace) => coreAddress(DEFAULT_SUBNET, who);
/** Where control comes from. */
const CONTROL = networkPlan(DEFAULT_SUBNET, CORE_NETWORKS.stores).gateway;

/** Each secret file, the image whose user alone may read it, and how it is made: 256 bits, an access key's 20 characters. */
const SECRETS = [
  { name: 'postgres_password', image: 'postgres', make: () => randomBytes(32).toString('base64url') },
  { name: 'objects_root_user', image: 'objects', make: () => randomBytes(10).toString('hex').toUpperCase() },
  { name: 'objects_root_password', image: 'objects', make: () => randomBytes(30).toString('base64url') },
  { name: 'redis_password', image: 'redis', make: () => randomBytes(32).toString('base64url') },
] as const;

/** Writes what is not there yet; what is there belongs to volumes that know it, and stays. */
export function writeSettings(): void {
  mkdirSync(PLACE.secrets, { recursive: true, mode: 0o700 });
  for (const { name, image, make } of SECRETS) {
    const file = join(PLACE.secrets, name);
    if (existsSync(file)) continue;
    writeFileSync(file, make(), { mode: 0o400 });
    const { id } = readRecipe(image).user;
    chownSync(file, id, id);
  }
  mkdirSync(PLACE.hba, { recursive: true });
  writeCertificates();
  const [type, more] = OVER_TLS ? ['hostssl', ' clientcert=verify-ca'] : ['host', ''];
  const line = `${type} all postgres ${CONTROL}/32 scram-sha-256${more}\n`;
  writeFileSync(join(PLACE.hba, '00-control.conf'), line);
  mkdirSync(PLACE.signatures, { recursive: true });
  const signature = `Frostbyte.Eicar.Test:0:0:${Buffer.from(EICAR).toString('hex')}\n`;
  writeFileSync(join(PLACE.signatures, 'frostbyte.ndb'), signature);
}

/** What the Compose file is given. */
export function composeEnvironment(): NodeJS.ProcessEnv {
  return {
    FROSTBYTE_RELEASE: release(),
    FROSTBYTE_SECRETS: PLACE.secrets,
    FROSTBYTE_HBA: PLACE.hba,
    FROSTBYTE_SIGNATURES: PLACE.signatures,
    FROSTBYTE_SUBNET: DEFAULT_SUBNET,
  };
}

/** What tests are told. */
export function factsForTests(): TestStack {
  const secret = (name: (typeof SECRETS)[number]['name']) => readFileSync(join(PLACE.secrets, name), 'utf8');
  return {
    engine: { socket: PLACE.socket, netns: PLACE.netns },
    postgres: {
      host: address('postgres'),
      port: PORTS.postgres,
      user: 'postgres',
      password: secret('postgres_password'),
      database: 'postgres',
      hba_folder: PLACE.hba,
    },
    objects: {
      endpoint: `${OVER_TLS ? 'https' : 'http'}://${address('objects')}:${PORTS.objects}`,
      access_key: secret('objects_root_user'),
      secret_key: secret('objects_root_password'),
    },
    redis: { host: address('redis'), port: PORTS.redis, password: secret('redis_password') },
    scanner: { host: address('scanner'), port: PORTS.scanner },
    certificates: certificates(),
  };
}

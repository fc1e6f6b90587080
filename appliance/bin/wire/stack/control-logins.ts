import type { Config } from '../../../config/schema.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Credentials } from '../../../stores/object/minio/client.ts';
import type { RecordDatabase } from '../../../stores/record/postgres.ts';
import type { QdrantAddress } from '../../../stores/vector/qdrant/connection.ts';
import { stackCertificates } from './certificates.ts';
import { type StackServers, stackServers } from './servers.ts';

/**
 * Control's own ways to the servers, for a program of the host that does what control does while that rests, or beside it:
 * backups and restores. Whoever reads the secrets of control and the root key is root on the box.
 */
export interface ControlLogins {
  /** A database as its owner. */
  database(name: string): RecordDatabase;
  objects(): StackServers['objects'] & Credentials;
  /** Null where vectors lie in files. */
  vectors(): QdrantAddress | null;
}

/** Secrets are read when they are asked for. Throws `CONFIG_INVALID` where one is not there. */
export function controlLogins(config: Config): ControlLogins {
  const nobody = async () => {
    throw new FrostbyteError('STORE_UNAVAILABLE', 'No tenant’s network is looked for here.');
  };
  const servers = stackServers(config, { of: nobody }, stackCertificates(config));
  return {
    database: (database) => ({
      ...servers.postgres,
      database,
      user: 'postgres',
      password: () => servers.secret('postgres_password'),
    }),
    objects: () => ({
      ...servers.objects,
      accessKey: servers.secret('objects_root_user'),
      secretKey: servers.secret('objects_root_password'),
    }),
    vectors: () => servers.qdrant && { ...servers.qdrant, token: servers.secret('qdrant_api_key') },
  };
}

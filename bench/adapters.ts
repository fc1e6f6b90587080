import { measureMinio } from './adapters/minio.ts';
import { measurePostgres } from './adapters/postgres.ts';
import { measureQdrant } from './adapters/qdrant.ts';
import { measureRedis } from './adapters/redis.ts';

/**
 * What an adapter's call costs beside the bare request, in one run: p50 of both, and their ratio. None may pay a stall
 * of the line.
 */
export async function measure(): Promise<string[]> {
  return [
    ...(await measureMinio()),
    ...(await measurePostgres()),
    ...(await measureQdrant()),
    ...(await measureRedis()),
  ];
}

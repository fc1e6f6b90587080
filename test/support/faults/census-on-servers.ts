import { systemClock } from '../../../appliance/kernel/clock.ts';
import { tenantNames } from '../../../appliance/kernel/names.ts';
import { openPostgresLogs } from '../../../appliance/stores/log/postgres.ts';
import { openRedisQueue } from '../../../appliance/stores/queue/redis.ts';
import { openPostgresRecords } from '../../../appliance/stores/record/postgres.ts';
import type { Appliance } from '../appliance.ts';
import type { TestBatch } from '../batch.ts';
import { objectsOpened, vectorsOf } from '../inside.ts';
import { testStack } from '../stack.ts';
import { redisAsControl } from '../stack-tenant.ts';
import { type Census, censusOf } from './census.ts';
import { until } from './until.ts';

/**
 * `census` of a tenant on servers, beside its running appliance: everything that was sent must have come to rest. What is
 * still on its way to the log is waited for.
 */
export async function censusOnServers(
  { dataFolder, stack }: Pick<Appliance, 'dataFolder' | 'stack'>,
  tenant_id: string,
  batches: readonly TestBatch[],
): Promise<Census> {
  const clock = systemClock();
  const { database, redisPrefix } = tenantNames(tenant_id);
  const { hba_folder: _, ...login } = testStack()!.postgres;
  const objects = await objectsOpened({ dataFolder, stack }, tenant_id);
  const records = await openPostgresRecords({ ...login, database }, { tenant_id, clock });
  const logs = await openPostgresLogs({ ...login, database: 'frostbyte' }, { clock });
  const vectors = vectorsOf({ dataFolder, stack }, tenant_id);
  const queue = openRedisQueue({ address: await redisAsControl(dataFolder, tenant_id), prefix: `${redisPrefix}queue` });
  try {
    await until('the relay to have told everything', async () => (await records.pendingEvents(1)).length === 0);
    return await censusOf({ tenant_id, objects, records, vectors, queue }, logs.log(tenant_id), batches);
  } finally {
    await Promise.all([objects.close(), records.close(), vectors.close(), queue.close(), logs.close()]);
  }
}

import type { BatchReceipt } from '../../../appliance/api/receipts.ts';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';
import type { Appliance } from '../appliance.ts';
import type { TestBatch } from '../batch.ts';
import { until } from './until.ts';

/**
 * A sender as spec 2 wants one: sends the same batch until it holds the receipt of all of it. `starts` is called at the
 * beginning of each try. A refusal that sending again cannot mend is thrown.
 */
export async function sendUntilReceived(
  appliance: Pick<Appliance, 'url'>,
  token: string,
  tenant: string,
  { manifest, form }: TestBatch,
  options: { starts?: () => void; seconds?: number } = {},
): Promise<{ receipt: BatchReceipt; tries: number }> {
  let tries = 0;
  let last = '';
  const receipt = await until(
    `a receipt for ${manifest.batch_id}`,
    async () => {
      tries++;
      options.starts?.();
      try {
        const response = await fetch(`${appliance.url}/api/v1/ingest/${tenant}/batch`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: form,
        });
        const body = (await response.json()) as { data?: BatchReceipt; error?: { code: string; message: string } };
        if (response.status === 202 && body.data?.status === 'received') return body.data;
        last = `${response.status} ${body.error?.code ?? body.data?.status}`;
        if (response.status >= 400 && response.status < 500) throw new TypeError(`${last}: ${body.error?.message}`);
      } catch (error) {
        if (error instanceof TypeError && /^4\d\d /.test(error.message)) throw error;
        if (isFrostbyteError(error)) throw error;
        last = String((error as { cause?: unknown }).cause ?? error);
      }
      return null;
    },
    { seconds: options.seconds ?? 60, everyMs: 50, about: () => last },
  );
  return { receipt, tries };
}

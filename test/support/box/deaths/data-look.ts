import assert from 'node:assert/strict';
import type { Box } from '../../../../scripts/box/box.ts';
import { until } from '../../faults/until.ts';
import { untilReady } from '../ask.ts';
import { frostbyte } from '../install.ts';

/** What a tenant has, as an export of it says, which proves each document's chain by itself. */
export interface Holdings {
  documents: number;
  chunks: number;
}

const EXPORT = '/var/tmp/look.tar';

/** What of a tenant is in a box that serves. Throws where anything of it does not hold. */
export async function holdingsOf(box: Box, tenant: string): Promise<Holdings> {
  await untilReady(box);
  await box.must('rm', '-f', EXPORT);
  // What happened last is on its way into the log.
  const made = await until(
    'an export',
    async () => {
      const ran = await frostbyte(box, null, 'export', 'create', tenant, EXPORT, '--json');
      if (ran.code !== 0) assert.match(ran.err, /SERVICE_UNAVAILABLE/);
      return ran.code === 0 && ran;
    },
    { everyMs: 500 },
  );
  const { signer, manifest } = JSON.parse(made.out) as { signer: string; manifest: Holdings };
  const verified = await frostbyte(box, null, 'export', 'verify', EXPORT, '--fingerprint', signer);
  assert.equal(verified.code, 0, verified.err);
  await box.must('rm', '-f', EXPORT);
  const { documents, chunks } = manifest;
  return { documents, chunks };
}

/**
 * Looks whether a box still has what it had: as many documents and chunks, each document's chain whole, one found by its words, and
 * the evidence of the host whole. What to write down of it.
 */
export async function lookAtData(
  box: Box,
  { tenant, token, had }: { tenant: string; token: string; had: Holdings },
): Promise<string> {
  assert.deepEqual(await holdingsOf(box, tenant), had);
  const found = await frostbyte(box, token, '--reason=a look', 'search', tenant, 'notice', 'period');
  assert.match(found.out, /contract-warehouse-lease\.pdf/, found.err);
  const evidence = await box.run(['frostbyte', 'evidence', 'verify']);
  assert.equal(evidence.code, 0, evidence.err);
  return `${had.documents} documents, ${had.chunks} chunks, chains, search and evidence hold`;
}

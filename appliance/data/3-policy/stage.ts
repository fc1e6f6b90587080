import type { TenantConfig } from '../../api/tenant-config.ts';
import { auditEntry } from '../../audit/entry.ts';
import type { AuditEntry } from '../../kernel/audit-event.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import type { CanonicalDocument } from '../document.ts';
import type { EnrichedDocument } from '../enriched.ts';
import { enrichedKey, hiddenKey, originalsKey } from '../keys.ts';
import { loadCanonical, recorded } from '../load.ts';
import type { DataPlane } from '../plane.ts';
import type { Stage, StageContext, StageResult } from '../stage.ts';
import { type EnrichResult, enrichDocument, type GateRun } from './enrich.ts';
import { POLICY_VERSION } from './policy-version.ts';

/** Stage policy: canonical document → enriched chunks, through three gates in order (spec 2 C). */
export const policyStage: Stage = {
  name: 'policy',

  async run({ plane, document }: StageContext): Promise<StageResult> {
    const canonical = await loadCanonical(plane, document);
    const config = await configOf(plane, document);
    const result = gates(plane, document, canonical, await hiddenTexts(plane, document), config);
    const enriched_sha256 = await store(plane, document, result);
    // The last link of the gates names the object that they made, so that a run from embed can take the chain up there.
    result.gates.at(-1)!.output_hash = enriched_sha256;
    for (const run of result.gates) {
      plane.meter.gateResult(plane.tenant_id, run.gate, run.result);
      plane.meter.gateDuration(plane.tenant_id, run.gate, run.duration_ms / 1000);
    }
    const { enriched, quarantine } = result;
    // An earlier version's vectors must not outlive the verdict; its rows go with the transaction.
    if (quarantine || enriched.held) await plane.vectors.removeDocument(document.doc_id);
    return {
      kind: quarantine ? 'quarantined' : enriched.held ? 'held' : 'advance',
      patch: {
        enriched_sha256,
        classification: enriched.classification,
        classification_confidence: enriched.classification_confidence,
        chunks_quarantined: quarantinedChunks(enriched).length,
        chunks_rejected: result.rejectedChunks.length,
        last_output_hash: `sha256:${enriched_sha256}`,
        quarantine_reason: quarantine?.reason ?? null,
        findings: { policy: findings(result) },
      },
      entries: entries(plane, document, result),
    };
  },

  failed: ({ tenant_id, clock }, { doc_id }, { code, retry_count }) => [
    // No gate could judge it, so it is kept apart until a person decides (spec 2, "Queue").
    auditEntry(clock, 'POLICY_GATE_FAILED', {
      tenant_id,
      actor: 'system',
      resource_id: doc_id,
      status: 'failure',
      adds: { gate: 'all', error_code: code, retry_count },
    }),
    auditEntry(clock, 'DOCUMENT_QUARANTINED', {
      tenant_id,
      actor: 'system',
      resource_id: doc_id,
      component: 'policy-engine',
      status: 'quarantined',
      adds: { reason: 'GATE_UNAVAILABLE' },
    }),
  ],
};

async function configOf(plane: DataPlane, { config_version }: DocumentRow): Promise<TenantConfig> {
  const config = (await plane.records.config(config_version)) as TenantConfig | null;
  if (config) return config;
  throw new FrostbyteError(
    'GATE_UNAVAILABLE',
    'The tenant configuration that this document arrived under cannot be read.',
  );
}

async function hiddenTexts(plane: DataPlane, document: DocumentRow): Promise<string[]> {
  const canonical = recorded(document.canonical_sha256, 'canonical document');
  const bytes = await plane.objects.read(hiddenKey(plane.tenant_id, document.doc_id, canonical));
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as string[];
}

/** A gate that breaks is an unavailable gate: the document waits and is tried again, it never passes unseen. */
function gates(
  plane: DataPlane,
  document: DocumentRow,
  canonical: CanonicalDocument,
  hidden: string[],
  config: TenantConfig,
): EnrichResult {
  try {
    return enrichDocument({
      parsed: { document: canonical, pageTexts: [], hiddenTexts: hidden },
      canonical_sha256: recorded(document.canonical_sha256, 'canonical document'),
      filename: document.original_filename,
      config,
      config_version: document.config_version,
      decisions: document,
    });
  } catch (cause) {
    plane.meter.gateResult(plane.tenant_id, 'all', 'unavailable');
    throw new FrostbyteError('GATE_UNAVAILABLE', 'A policy gate could not judge this document.', { cause });
  }
}

/** Writes the enriched document and what redaction took out; both names are content-addressed. */
async function store(
  { objects, tenant_id }: DataPlane,
  document: DocumentRow,
  { enriched, originals }: EnrichResult,
): Promise<string> {
  const bytes = Buffer.from(canonicalJson(enriched));
  const hash = sha256Hex(bytes);
  const canonical = recorded(document.canonical_sha256, 'canonical document');
  if (originals.length > 0) {
    await objects.put(originalsKey(tenant_id, document.doc_id, canonical, hash), Buffer.from(canonicalJson(originals)));
  }
  await objects.put(enrichedKey(tenant_id, document.doc_id, canonical, hash), bytes);
  return hash;
}

function quarantinedChunks({ chunks }: EnrichedDocument) {
  return chunks.filter(({ policy }) => policy.injection_action_taken === 'quarantine');
}

function blockedChunks({ chunks }: EnrichedDocument) {
  return chunks.filter(({ policy }) => policy.pii_action_taken === 'blocked');
}

/** What the acceptance report shows of policy: types and categories, never text. */
function findings({ enriched, gates, alternatives }: EnrichResult): Record<string, unknown> {
  return {
    classification_alternatives: alternatives,
    decided_by: gates.find(({ gate }) => gate === 'classification')?.details.decided_by ?? null,
    injection_max_score: highestScore(enriched),
    chunks_flagged: enriched.chunks.filter(({ policy }) => policy.injection_action_taken === 'flag').length,
    chunks_quarantined: quarantinedChunks(enriched).length,
    pii_types: piiTypes(enriched),
    pii_action_taken:
      enriched.chunks.find(({ policy }) => policy.pii_action_taken !== 'none')?.policy.pii_action_taken ?? 'none',
    policy_version: POLICY_VERSION,
  };
}

function highestScore({ chunks }: EnrichedDocument): number {
  return chunks.reduce((highest, { policy }) => Math.max(highest, policy.injection_score), 0);
}

function piiTypes({ chunks }: EnrichedDocument): string[] {
  return [...new Set(chunks.flatMap(({ policy }) => policy.pii_types_found))].sort();
}

function entries(plane: DataPlane, document: DocumentRow, { enriched, gates, quarantine }: EnrichResult): AuditEntry[] {
  const about = { tenant_id: plane.tenant_id, actor: 'system', resource_id: document.doc_id };
  const stopped = stoppedBy(enriched, quarantine);
  const all = gates.map((run) => gateEntry(plane, about, document, enriched, run, run.gate === stopped));
  const found = enriched.chunks.filter(({ policy }) => policy.pii_types_found.length > 0);
  if (found.length > 0) {
    const adds = {
      pii_types: piiTypes(enriched),
      pii_action_taken: found[0]!.policy.pii_action_taken,
      chunks: found.length,
    };
    all.push(auditEntry(plane.clock, 'PII_DETECTED', { ...about, adds }));
  }
  const reason = quarantine?.reason ?? 'INJECTION_DETECTED';
  const suspects = reason === 'PII_BLOCK_POLICY' ? blockedChunks(enriched) : quarantinedChunks(enriched);
  if (quarantine || suspects.length > 0) {
    const adds = { reason, chunks: suspects.map(({ chunk_id }) => chunk_id) };
    all.push(
      auditEntry(plane.clock, 'DOCUMENT_QUARANTINED', {
        ...about,
        component: 'policy-engine',
        status: 'quarantined',
        adds,
      }),
    );
  }
  return all;
}

/** The gate at which the document stays, or null when it goes on (perhaps without some of its chunks). */
function stoppedBy({ held }: EnrichedDocument, quarantine: EnrichResult['quarantine']): GateRun['gate'] | null {
  if (quarantine) return quarantine.reason === 'PII_BLOCK_POLICY' ? 'pii' : 'injection';
  return held ? 'classification' : null;
}

function gateEntry(
  { clock }: DataPlane,
  about: { tenant_id: string; actor: string; resource_id: string },
  { config_version }: DocumentRow,
  enriched: EnrichedDocument,
  run: GateRun,
  stopped: boolean,
): AuditEntry {
  // A gate that let something pass because a person had decided so says it, and the chain wants to see that decision.
  const released = Number(run.details.released ?? 0) > 0 ? { released: run.details.released } : {};
  const details: Record<GateRun['gate'], Record<string, unknown>> = {
    pii: released,
    classification: {
      classification: enriched.classification,
      classification_confidence: enriched.classification_confidence,
      ...(run.details.human_override === true ? { human_override: true } : {}),
    },
    injection: {
      ...released,
      injection_score: highestScore(enriched),
      patterns_matched: [...new Set(enriched.chunks.flatMap(({ policy }) => policy.injection_patterns_matched))].sort(),
    },
  };
  return auditEntry(clock, stopped ? 'POLICY_GATE_FAILED' : 'POLICY_GATE_PASSED', {
    ...about,
    status: stopped ? 'quarantined' : 'success',
    input_hash: run.input_hash,
    output_hash: run.output_hash,
    duration_ms: run.duration_ms,
    adds: {
      gate: run.gate,
      ...details[run.gate],
      chunks: enriched.chunks.length,
      config_version,
      policy_version: POLICY_VERSION,
    },
  });
}

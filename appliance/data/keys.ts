/** Object keys of a tenant, in one place (spec 2). Ids and hashes only: no file name ever becomes a path. */

export const rawKey = (tenant: string, doc: string, sha256: string): string => `raw/${tenant}/${doc}/${sha256}`;
export const quarantineKey = (tenant: string, doc: string, sha256: string): string =>
  `quarantine/${tenant}/${doc}/${sha256}`;

const version = (tenant: string, doc: string, canonicalSha256: string) =>
  `normalized/${tenant}/${doc}/${canonicalSha256}`;

export const canonicalKey = (tenant: string, doc: string, sha256: string): string =>
  `${version(tenant, doc, sha256)}/structured.json`;
export const pageKey = (tenant: string, doc: string, sha256: string, page: number): string =>
  `${version(tenant, doc, sha256)}/pages/${page}.txt`;
/** The wording of hidden text: evidence for the injection gate, never served. */
export const hiddenKey = (tenant: string, doc: string, sha256: string): string =>
  `${version(tenant, doc, sha256)}/hidden.json`;
/** Chunks after the gates, by their own hash: a new policy makes another object beside it. */
export const enrichedKey = (tenant: string, doc: string, sha256: string, enriched: string): string =>
  `${version(tenant, doc, sha256)}/enriched/${enriched}.json`;
/** What redaction took out, for the audited route alone. */
export const originalsKey = (tenant: string, doc: string, sha256: string, enriched: string): string =>
  `${version(tenant, doc, sha256)}/originals/${enriched}.json`;
/** Little-endian float32, 768 a chunk, in the order of the enriched document's embedded chunks. */
export const vectorsKey = (tenant: string, doc: string, sha256: string, vectors: string): string =>
  `${version(tenant, doc, sha256)}/vectors/${vectors}.f32`;

/** All that is here of a resumable upload. */
export const uploadPrefix = (tenant: string, upload: string): string => `uploads/${tenant}/${upload}/`;
/**
 * A stretch of an upload from byte `start`. `nonce` (hex) makes each object a new one, so that what the records name is
 * never written over.
 */
export const segmentKey = (tenant: string, upload: string, start: number, nonce: string): string =>
  `${uploadPrefix(tenant, upload)}${String(start).padStart(16, '0')}-${nonce}`;

/** What control says of its host: what is installed and what was done to it, what is wrong, where data go (spec 7). */

export interface InstallationReport {
  /** Null: this appliance was not installed from a bundle. */
  release: { version: string; counter: number; arch: string; manifest_sha256: string; signer: string | null } | null;
  /** Of the release, by the digests that its manifest names. */
  images: { name: string; digest: string; bytes: number }[];
  /** Containers of ours; null: the engine does not say. */
  containers: { name: string; image: string; image_id: string; running: boolean }[] | null;
  /** Networks of ours; null: the engine does not say. */
  networks: { name: string; internal: boolean; subnets: string[]; members: number }[] | null;
  /** The host's record of what was done to it, the newest last; null: it cannot be read, or its chain does not hold. */
  evidence: {
    count: number;
    head: string;
    records: EvidenceEntry[];
  } | null;
}

export interface HostDiagnosis {
  /** How many known failures were looked for. */
  looked_for: number;
  ok: boolean;
  findings: {
    code: string;
    title: string;
    why: string;
    mend: string;
    severity: string;
    found: string[];
  }[];
  blind: { what: string; why: string }[];
}

/** What a support bundle would hold: each file, and what could not be had. */
export interface SupportListing {
  files: readonly { path: string; bytes: number; cut: boolean }[];
  /** Packed. */
  bytes: number;
  missing: readonly { path: string; why: string }[];
}

export interface BoundaryReport {
  /** Null: none was made, or the one that was kept does not hold. */
  statement: BoundaryKept | null;
  being_made: boolean;
  /** Why there is none, or none that is newer: how the last try ended, or that what was kept does not hold. */
  failed: { at: string; code: string; message: string } | null;
}

export interface BoundaryKept {
  made_at: string;
  host: string;
  version: string;
  /** Nothing that was tried failed. */
  closed: boolean;
  verdict: string;
  /** Fingerprint of the host's key, whose signature holds. */
  signer: string;
  sections: { title: string; columns: string[]; rows: string[][] }[];
}

/** A record of the host, as people read it. */
export interface EvidenceEntry {
  n: number;
  at: string;
  /** Who it was, and as whom they worked. */
  by: string;
  action: string;
  /** Version and counter. */
  bundle: string | null;
  result: string;
  hash: string;
}

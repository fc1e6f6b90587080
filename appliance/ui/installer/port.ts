import type { EvidenceEntry, HostDiagnosis, SupportListing } from '../../control/verbs.ts';

/**
 * What the installer's pages ask of the host (spec 7, "Web installer"). Behind it stands the command line: the same plan and
 * the same engine, and nothing that a person at a terminal could not type. Refusals are thrown (`Refusal`).
 */
export interface Installer {
  /** What lies verified on this host, and what would be done with it. */
  readonly release: VerifiedRelease;
  preflight(choices: Choices): Promise<PreflightReport>;
  /** What would be done, phase by phase; nothing is. */
  plan(choices: Choices): Promise<PlannedRelease>;
  /** Begins; answers when the program runs. Throws where one runs already. */
  start(choices: Choices): Promise<void>;
  /** Goes on with the operation that was left. */
  resume(): Promise<void>;
  rollBack(because: string): Promise<void>;
  /** Asks what runs to stop at the next point where it can, and waits for it. */
  stop(): Promise<void>;
  progress(): Promise<Progress>;
  /** Takes the answer to the recovery challenge, and goes on. */
  answer(text: string): Promise<void>;
  /** A one-time code for the first administrator, where the installation is done. */
  firstCode(): Promise<{ code: string; expires_at: string }>;
  evidence(): Promise<readonly EvidenceEntry[]>;
  /** The signed export, as one tar. */
  evidenceExport(): Promise<SavedFile>;
  doctor(): Promise<HostDiagnosis>;
  /** What a support bundle would hold. */
  supportListing(): Promise<SupportListing>;
  supportBundle(): Promise<SavedFile>;
}

export interface VerifiedRelease {
  /** What `install.sh` was asked for. */
  kind: 'install' | 'upgrade';
  version: string;
  counter: number;
  arch: string;
  manifest_sha256: string;
  /** Fingerprint of the key that signed it, which the root key's list names. */
  signer: string;
  /** Fingerprint of the root key: what stands on paper. */
  root: string;
  bytes: number;
  /** The folder of the verified copy. */
  copy: string;
}

/** What a person chooses. Of an upgrade only what is allowed, and why. */
export interface Choices {
  port: string;
  /** The first half of the containers' addresses. */
  subnet: string;
  recovery_recipient: string;
  /** Names of checks that may fail. */
  allow: string;
  reason: string;
}

export interface JudgedCheck {
  name: string;
  title: string;
  strict: boolean;
  result: 'pass' | 'warn' | 'fail' | 'allowed';
  found: string;
  mend: string | null;
}

export interface PreflightReport {
  host: string;
  system: string | null;
  checks: readonly JudgedCheck[];
  counts: Readonly<Record<JudgedCheck['result'], number>>;
  ok: boolean;
}

export interface PlannedRelease {
  phases: readonly PlannedPhase[];
  /** Of an upgrade: what the new release is made of against the one that is here. */
  bills: BillComparison | null;
}

export interface PlannedPhase {
  name: string;
  title: string;
  would: 'do' | 'nothing' | 'unknown';
  seconds: number;
  reversible: boolean;
}

export interface BillComparison {
  changes: readonly { name: string; from: string | null; to: string | null }[];
  vulnerabilities: { new: readonly string[]; gone: readonly string[]; open: readonly string[] } | null;
}

export interface Progress {
  /** The operation that was left, else the last one; null: there was none. */
  operation: OperationView | null;
  /** Whether this installer runs it just now. */
  running: boolean;
  /** The command of somebody else who works on this host just now. */
  elsewhere: string | null;
  /** Of what runs: where it is. */
  live: LivePhase | null;
  /** What its phases said in words, the newest last. */
  notes: readonly string[];
  /** Why the last run ended as it did, where it could not begin. */
  refusal: { code: string; message: string } | null;
  /** The recovery challenge, where it waits for its answer. */
  challenge: { recipient: string; challenge: string; expires_at: string } | null;
  /** Where the appliance answers, once it is installed. */
  url: string | null;
}

export interface LivePhase {
  phase: string;
  done: number | null;
  total: number | null;
  eta_seconds: number;
}

export interface OperationView {
  operation: string;
  kind: string;
  title: string;
  phases: readonly { name: string; title: string; reversible: boolean; state: PhaseState }[];
  direction: 'forward' | 'back';
  result: 'done' | 'rolled-back' | null;
  failure: { phase: string; code: string; message: string } | null;
  started_at: string;
  last_at: string;
}

export type PhaseState = 'pending' | 'begun' | 'done' | 'found' | 'undoing' | 'undone';

export interface SavedFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

import type { LayoutImage } from '../format/oci-layout.ts';

/** What the phases of an installation use beside files: narrow, so that each can be tried by itself. */
export interface InstallTools {
  /** Has the service manager read its units anew. */
  reloadUnits(): Promise<void>;
  /** Makes a user of the system without a home or a shell, or takes it away. */
  addUser(name: string): Promise<void>;
  removeUser(name: string): Promise<void>;
  /** Networks from which somebody may come, as the settings say now; none before there are any. */
  listensTo(): readonly string[];
  /** What starts the release and proves it; null for a host whose disk is mounted elsewhere: there nothing runs. */
  running: RunningTools | null;
}

export interface RunningTools {
  engine: EngineOnHost;
  images: ReleaseImages;
  services: Services;
  inputRule: InputRule;
  readiness: Readiness;
  recovery: RecoveryProof;
  checks: InstallationChecks;
}

/** The container engine as the host has it. */
export interface EngineOnHost {
  /** Whether one answers. */
  answers(): Promise<boolean>;
  /** The names of those packages (files) that the host lacks. */
  lacking(packages: readonly string[]): Promise<string[]>;
  /** Installs package files by the host’s own tool, none over a newer one. */
  install(packages: readonly string[], signal: AbortSignal): Promise<void>;
  /** Has the engine of the host started, now and after each boot; false where there is none that could be. */
  start(signal: AbortSignal): Promise<boolean>;
  /** Takes installed packages away, by name, with their settings. What the engine kept stays. */
  remove(names: readonly string[]): Promise<void>;
}

/** Images of a release in the engine. */
export interface ReleaseImages {
  /** The names of those that the engine lacks, has as something else, or cannot make a container of. */
  lacking(images: readonly LayoutImage[]): Promise<string[]>;
  /** Sends what is missing. `took`: of each, whether it was there, was named anew or was loaded, and the bytes sent. */
  load(
    images: readonly LayoutImage[],
    open: (digest: string) => AsyncIterable<Uint8Array>,
    run: { signal: AbortSignal; progress(done: number, total: number): void },
  ): Promise<{ reference: string; how: 'there' | 'named' | 'loaded'; sent: number }[]>;
  /** Takes a name from the engine; an image without another name goes with it. One that is not there is no error. */
  forget(reference: string): Promise<void>;
}

/** What keeps containers from the host’s own addresses. */
export interface InputRule {
  isInForce(): Promise<boolean>;
  up(): Promise<void>;
  down(): Promise<void>;
}

/** The services of the host. */
export interface Services {
  /** Null: nothing here starts services, so that a person does. */
  readonly manager: 'systemd' | null;
  /** What a person types where nothing starts services. */
  readonly commands: readonly string[];
  /** Whether both run, and will after a boot where something starts them. */
  areUp(): Promise<boolean>;
  start(): Promise<void>;
  /** Ends them, for good. Throws where they were started by hand and run still. */
  stop(): Promise<void>;
  /** Those that gave up. */
  failed(): Promise<string[]>;
  /** Ends the containers and networks of the appliance; volumes stay. */
  takeDown(): Promise<void>;
}

/** What is not ready, of how many; none: the appliance serves. */
export interface Readiness {
  waitingFor(): Promise<{ of: number; missing: readonly { name: string; message: string }[] }>;
}

export interface RecoveryChallenge {
  recipient: string;
  challenge: string;
  expires_at: string;
}

/** The recovery recipient, and the proof that somebody holds its private half (spec 3). */
export interface RecoveryProof {
  status(): Promise<{ recipient: string | null; pending: string | null }>;
  /** Names a recipient. Throws `VALIDATION_ERROR` for what cannot be one. */
  name(recipient: string): Promise<RecoveryChallenge>;
  /** Throws `VALIDATION_ERROR` for a wrong answer. */
  prove(answer: string): Promise<void>;
  /** Shows a person the challenge and takes the answer; null where nobody sits there, or has none now. */
  ask(challenge: RecoveryChallenge): Promise<string | null>;
}

/** How a check tells what it is at. */
export interface CheckRun {
  signal: AbortSignal;
  note(text: string): void;
  progress(done: number, total: number): void;
}

/** What proves an installation by using it, as tenants of its own that are gone afterwards. */
export interface InstallationChecks {
  /** A document through all stages and found by search, then erased. The tenants stay for `isolation`. Throws. */
  smoke(document: string, run: CheckRun): Promise<void>;
  /** Every tenant against every other, two of its own among them, which are gone afterwards. Throws `ISOLATION_VIOLATED`. */
  isolation(run: CheckRun): Promise<void>;
  /** Takes away tenants that a check left. */
  clear(run: CheckRun): Promise<void>;
}

import type { CheckRun, Readiness, ReleaseImages, Services } from '../install/tools.ts';
import type { DataPlace } from './snapshot/snapshot.ts';

/** What the phases of an upgrade and a rollback use beside files. */
export interface UpgradeTools {
  /** Has the service manager read its units anew. */
  reloadUnits(): Promise<void>;
  /** Networks from which somebody may come, as the settings say. */
  listensTo(): readonly string[];
  data: DataOnHost;
  /** What runs here; null for a host whose disk is mounted elsewhere. */
  running: RunningRelease | null;
}

/** Where this host keeps what a release works on. */
export interface DataOnHost {
  /** The data folder, and the volumes of the stores that there are now. */
  places(): Promise<DataPlace[]>;
  /** Has on the disk what was written below a folder. */
  syncDisk(folder: string): Promise<void>;
  /** Bytes that may still be written to the disk of a folder. */
  room(folder: string): number;
}

export interface RunningRelease {
  images: ReleaseImages;
  services: ReleaseServices;
  readiness: Readiness;
  sample: Sample;
  door: Door;
  settings: Settings;
  log: ApplianceLog;
}

/** Control and gateway, one release of which is put in the place of another's. */
export interface ReleaseServices extends Pick<Services, 'manager' | 'commands' | 'areUp' | 'failed'> {
  /** Ends control, for good, and then whatever it left running, the stores each in its own time; the gateway goes on. */
  rest(): Promise<void>;
  /** Has both run as the current release has them, each started anew. */
  renew(): Promise<void>;
}

/** The front door, as somebody meets it who comes from outside. */
export interface Door {
  /** Whether it sends people away: also where nobody answers. */
  sendsAway(): Promise<boolean>;
}

/** A document of a tenant that checks make, which goes through both releases. */
export interface Sample {
  /** Makes the tenant, has the document go through all stages and finds it. Repeated, it begins anew. Throws. */
  plant(document: string, run: CheckRun): Promise<void>;
  /** Finds that document again, sends another one through, and finds it. Throws. */
  prove(document: string, run: CheckRun): Promise<void>;
  /** Takes tenant and documents away. */
  clear(run: CheckRun): Promise<void>;
}

/** The site's settings, asked of the program of a release. */
export interface Settings {
  /** Throws `CONFIG_INVALID` in the words of that release, where it cannot be run with them. */
  mustBeKnownTo(release: string): Promise<void>;
}

/** The appliance's own audit log. */
export interface ApplianceLog {
  note(event: 'BUNDLE_UPGRADED' | 'BUNDLE_ROLLED_BACK', bundle: NotedBundle): Promise<void>;
}

export interface NotedBundle {
  version: string;
  manifest_sha256: string;
  counter: number;
}

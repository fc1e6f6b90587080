import type { EngineOnHost, InputRule, Services } from '../install/tools.ts';

/** What the phases of an uninstallation use beside files. */
export interface UninstallTools {
  /** Has the service manager read its units anew. */
  reloadUnits(): Promise<void>;
  /** One that is not there is no error. */
  removeUser(name: string): Promise<void>;
  /** Writes the evidence of this host, signed, into a folder. */
  exportEvidence(folder: string): void;
  /** What runs here; null for a host whose disk is mounted elsewhere. */
  running: RunningHost | null;
}

export interface RunningHost {
  services: Pick<Services, 'areUp' | 'start' | 'stop' | 'takeDown'>;
  inputRule: InputRule;
  engine: Pick<EngineOnHost, 'answers' | 'start' | 'remove'>;
  contents: EngineContents;
  /** What lies on memory: open secrets and sockets. */
  memory: { isThere(): boolean; clear(): void };
}

/** What of ours, and of others, the engine of a host holds. Asked only where an engine answers, but for `isThere`. */
export interface EngineContents {
  /** Whether the host has an engine at all, running or not. */
  isThere(): boolean;
  /** Names of our containers and networks. */
  standing(): Promise<string[]>;
  /** Names of images that only an installation gives. */
  images(): Promise<string[]>;
  /** Takes such a name away; false where a container of somebody else’s is made of the image, which then stays. */
  forgetImage(reference: string): Promise<boolean>;
  /** Our volumes. */
  volumes(): Promise<string[]>;
  removeVolume(name: string): Promise<void>;
  /** Containers, volumes and images of others. */
  strangers(): Promise<string[]>;
  /** The same, but by what lies on the disk where the host has no engine any more: volumes alone. */
  strangersLeft(): string[];
  /** Whether the packages with these names are installed; those that are. */
  installed(packages: readonly string[]): Promise<string[]>;
  /** Folders in which an engine that an installation brought keeps everything. */
  folders: readonly string[];
  /** Folders that it makes, which others may use: taken away where nothing is in them, the deepest first. */
  sharedFolders: readonly string[];
}

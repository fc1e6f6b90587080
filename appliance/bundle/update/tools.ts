import type { Readiness, Services } from '../install/tools.ts';

/** What the phases of an update use beside files. */
export interface UpdateTools {
  /** Where the scanner's container reads its signatures. */
  signatures: string;
  models: ModelsOnHost;
  /** What runs here; null for a host whose disk is mounted elsewhere. */
  running: {
    scanner: Scanner;
    readiness: Readiness;
    services: Pick<Services, 'failed' | 'manager'>;
    log: ScanLog;
  } | null;
}

export interface Scanner {
  /**
   * Has the scanner loaded anew what lies in its folder, and answers whether it works by that: false where it ends, or does
   * not come up. What is to be scanned meanwhile waits. Where none was made yet there is nothing to do.
   */
  renew(signal: AbortSignal): Promise<boolean>;
}

/** The models of this host, as the release that runs knows them by their hashes. */
export interface ModelsOnHost {
  present(): Promise<string[]>;
  /** Takes the model whose files lie there. Throws for one that the release does not know, or that is not as it knows it. */
  take(from: string, onBytes: (done: number, total: number) => void): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The appliance's own audit log. */
export interface ScanLog {
  signatures(version: string): Promise<void>;
}

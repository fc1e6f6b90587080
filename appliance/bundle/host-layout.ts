import { join } from 'node:path';

/** Where everything lies on a host (spec 7, "Install"). */
export interface HostLayout {
  /** `/`, but for a host whose disk is mounted elsewhere. */
  readonly root: string;
  readonly programs: string;
  /** A folder a release, as it was verified. */
  readonly releases: string;
  /** A link to the release that runs. */
  readonly current: string;
  /** What was copied off a medium and is not verified yet. */
  readonly quarantine: string;
  readonly data: string;
  readonly operations: string;
  readonly evidence: string;
  readonly settings: string;
  /** The root key that bundles are verified against. */
  readonly anchor: string;
  readonly evidenceKey: string;
  readonly units: string;
  /** What people call our program by. */
  readonly command: string;
}

/** The layout below a root. */
export function hostLayout(root = '/'): HostLayout {
  const at = (path: string) => join(root, path);
  return Object.freeze({
    root,
    programs: at('/opt/frostbyte'),
    releases: at('/opt/frostbyte/releases'),
    current: at('/opt/frostbyte/current'),
    quarantine: at('/opt/frostbyte/quarantine'),
    data: at('/var/lib/frostbyte'),
    operations: at('/var/lib/frostbyte/operations'),
    evidence: at('/var/lib/frostbyte/evidence'),
    settings: at('/etc/frostbyte'),
    anchor: at('/etc/frostbyte/allowed_signers'),
    evidenceKey: at('/etc/frostbyte/evidence.key'),
    units: at('/etc/systemd/system'),
    command: at('/usr/local/bin/frostbyte'),
  });
}

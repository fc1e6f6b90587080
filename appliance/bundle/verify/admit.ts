import { FrostbyteError } from '../../kernel/errors.ts';
import type { BundleManifest, UpdateKind } from '../format/manifest.ts';

/** What a host knows that decides whether a bundle, though genuine, is one for it. */
export interface Host {
  arch: BundleManifest['arch'];
  /** The counter of the newest release that was ever taken here; 0 on a fresh host. */
  counter: number;
  /** The counters of the newest updates, each kind by itself. */
  updates?: Partial<Record<UpdateKind, number>>;
  /** Seconds since 1970: none older is taken on a fresh host. */
  not_before: number;
  /** An operator's word that an older one may come. */
  allow_older: boolean;
}

/**
 * Throws `BUNDLE_OLDER` for one from before the day that the root key names. No operator's word helps: whoever makes releases
 * says that those before are to be found nowhere any more. Seconds since 1970.
 */
export function refuseOutdated({ version, built_at }: BundleManifest, none_before: number): void {
  if (built_at >= none_before) return;
  const [built, bound] = [built_at, none_before].map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 10));
  throw new FrostbyteError(
    'BUNDLE_OLDER',
    `Version ${version} was built on ${built}. Its maker has withdrawn all from before ${bound}: take a newer one.`,
    { details: [{ field: 'built_at', value: built_at, constraint: `at least ${none_before}` }] },
  );
}

/** Throws `BUNDLE_WRONG_ARCHITECTURE` or `BUNDLE_OLDER`. */
export function admitBundle({ arch, counter, built_at, version, updates }: BundleManifest, host: Host): void {
  if (arch !== host.arch) {
    throw new FrostbyteError('BUNDLE_WRONG_ARCHITECTURE', `The bundle is for ${arch}; this host is ${host.arch}.`, {
      details: [{ field: 'arch', value: arch, constraint: host.arch }],
    });
  }
  if (host.allow_older) return;
  const newest = updates === undefined ? host.counter : (host.updates?.[updates] ?? 0);
  if (counter < newest) {
    throw new FrostbyteError(
      'BUNDLE_OLDER',
      `Version ${version} (counter ${counter}) is older than what was taken here before (counter ${newest}). An older one may bring back holes that were closed. frostbyte bundle verify and inspect look into it all the same with --allow-older; sh install.sh --allow-older -- --reason TEXT takes it, which is recorded.`,
      { details: [{ field: 'counter', value: counter, constraint: `at least ${newest}` }] },
    );
  }
  if (built_at < host.not_before) {
    const [built, bound] = [built_at, host.not_before].map((seconds) => new Date(seconds * 1000).toISOString());
    throw new FrostbyteError(
      'BUNDLE_OLDER',
      `The bundle was built on ${built}; this host takes none from before ${bound}.`,
      {
        details: [{ field: 'built_at', value: built_at, constraint: `at least ${host.not_before}` }],
      },
    );
  }
}

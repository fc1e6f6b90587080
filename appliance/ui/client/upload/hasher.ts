import type { Shown } from './file-list.ts';
import type { Outgoing } from './manifest.ts';

interface Told {
  at: number;
  read?: number;
  sha256?: string;
  failed?: true;
}

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

/** Where the worker lies, and no other script: what a policy of the page lets through. */
const OURS = /^\/ui\/hash-files-[A-Z0-9]{8}\.js$/;

/** Hashes files in a worker, so that the page stays quick however large they are. */
export function hasher(address: string) {
  return {
    /** Writes the hash of each file into its entry, unless it has one. False where a file could not be read. */
    all(outgoing: readonly Outgoing[], shown: Shown): Promise<boolean> {
      const wanted = outgoing.filter(({ entry }) => entry.sha256 === '');
      for (const one of outgoing) if (one.entry.sha256 !== '') shown.ready(one);
      if (wanted.length === 0) return Promise.resolve(true);
      const worker = new Worker(trusted(address) as string, { type: 'module' });
      return new Promise((resolve, reject) => {
        let [left, whole] = [wanted.length, true];
        worker.addEventListener('error', ({ message }) => reject(new Error(message)));
        worker.addEventListener('message', ({ data: { at, read = 0, sha256, failed } }: MessageEvent<Told>) => {
          const one = wanted[at]!;
          if (sha256 === undefined && failed === undefined) return shown.hashed(one, read);
          if (sha256 === undefined) {
            whole = false;
            shown.unreadable(one);
          } else {
            one.entry.sha256 = sha256;
            shown.ready(one);
          }
          left -= 1;
          if (left > 0) return;
          worker.terminate();
          resolve(whole);
        });
        for (const [at, { file }] of wanted.entries()) worker.postMessage({ at, file });
      });
    },
  };
}

/** The page's own rule says that a script's address must be vouched for; only the worker's is. */
function trusted(address: string): unknown {
  if (!OURS.test(address)) throw new Error('not the worker of this page');
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  return trustedTypes?.createPolicy('frostbyte', { createScriptURL: (url) => url }).createScriptURL(address) ?? address;
}

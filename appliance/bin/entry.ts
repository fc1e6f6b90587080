import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** With what Node runs each of our programs. A signal opens no debugger: who may send one must not get a whole process. */
export const NODE_FLAGS = ['--disable-sigusr1', '--disable-warning=ExperimentalWarning'];

/** The program of a role, beside this one: a bundle in a package, a source file in a checkout. */
export function entryOf(
  role:
    | 'cli'
    | 'daemon'
    | 'worker'
    | 'search-thread'
    | 'hash-thread'
    | 'data-plane'
    | 'role'
    | 'embedder'
    | 'embedder-thread'
    | 'network-probe',
): string {
  const bundled = fileURLToPath(new URL(`./${role}.mjs`, import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL(`./${role}.ts`, import.meta.url));
}

/** A program of `host/`, which runs on the host itself: beside what was built, in a package's own place, or in a checkout. */
export function hostProgram(name: 'input-rule'): string {
  const places = [`./host/${name}`, `../host/${name}`, `../../host/${name}`].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  return places.find((place) => existsSync(place)) ?? places.at(-1)!;
}

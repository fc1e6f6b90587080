import type { ChildEntry } from './entry.ts';
import { heapLimitMb, type ParserBudget, prlimitArguments } from './resource-limits.ts';

/** How this host wraps a parser process: outermost first, each step executes the next in its place (one process id). */
export interface Wrapper {
  /** Words before Node's own: programs by absolute path with their arguments. */
  words: string[];
  /** True when the words give the process a network namespace of its own. */
  network: boolean;
}

/** What a host offers; null where it does not. */
export interface WrapperParts {
  prlimit: string | null;
  setpriv: string | null;
  unshare: string | null;
}

/** The user and group `nobody`: owns nothing, on every distribution we run on. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const UNPRIVILEGED = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
/**
 * A parser whose daemon was killed must not live on. Where the daemon dies in the few milliseconds before this order
 * holds, the parser ends by itself: its pipes are closed, and its processor time is limited.
 */
const DIE_WITH_PARENT = ['--pdeathsig', 'KILL'];

/** A process space of its own: nothing that a parser starts outlives it, and it can signal nobody else. */
const OWN_PROCESSES = ['--pid', '--fork', '--kill-child=KILL'];

/**
 * The ways to wrap a parser, best first; `layers.ts` takes the first that works here. As root the process first becomes
 * `nobody` and then makes namespaces of its own like any user; where a host forbids that, root makes them and becomes
 * `nobody` afterwards; where the parser's files are root's alone, it stays the user it is but loses every capability.
 * Every way without a network namespace comes after all that have one.
 */
export function wrapperCandidates(parts: WrapperParts, root: boolean, budget: ParserBudget): Wrapper[] {
  const { setpriv, unshare, prlimit } = parts;
  const limits = prlimit === null ? [] : [prlimit, ...prlimitArguments(budget), '--'];
  const become = (...flags: string[]) => (setpriv === null ? [] : [setpriv, ...flags, '--']);
  const space = (...flags: string[]) => (unshare === null ? [] : [unshare, ...flags, '--']);
  const asNobody = become(...NOBODY);
  const dropNobody = become(...NOBODY, ...UNPRIVILEGED, ...DIE_WITH_PARENT);
  const drop = become(...UNPRIVILEGED, ...DIE_WITH_PARENT);
  const userSpace = space('--user', '--map-root-user', '--net', '--ipc');
  const rootSpace = space('--net', '--ipc');
  // Making a user namespace clears the order to die with the parent, so it is given again before the fork.
  const processes = [...become(...DIE_WITH_PARENT), ...space(...OWN_PROCESSES)];
  const networked = [
    ...(root
      ? [
          [...asNobody, ...userSpace, ...processes, ...drop],
          [...rootSpace, ...processes, ...dropNobody],
        ]
      : []),
    [...userSpace, ...processes, ...drop],
    ...(root
      ? [
          [...rootSpace, ...dropNobody],
          [...rootSpace, ...drop],
        ]
      : [[...userSpace, ...drop]]),
  ];
  const ways = [
    ...(unshare === null ? [] : networked.map((words) => ({ network: true, words }))),
    ...(root ? [{ network: false, words: dropNobody }] : []),
    { network: false, words: drop },
    // Some versions refuse to empty the bounding set of someone who never could use it.
    { network: false, words: become('--no-new-privs', ...DIE_WITH_PARENT) },
  ];
  return ways.map(({ network, words }) => ({ words: [...limits, ...words], network }));
}

/** Node's flags for a parser: reads its own code and assets; no writing, processes, workers, add-ons, WASI or `eval`. */
export function nodeFlags(entry: ChildEntry, budget: ParserBudget): string[] {
  return [
    '--permission',
    ...entry.readable.map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${heapLimitMb(budget)}`,
    '--disallow-code-generation-from-strings',
    '--no-warnings',
  ];
}

/** The whole command line: program and arguments. Nothing in it is secret or says anything about a document. */
export function commandLine(wrapper: Wrapper, node: string, rest: string[]): { program: string; args: string[] } {
  const [program, ...args] = [...wrapper.words, node, ...rest];
  return { program: program!, args };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { commandLine, nodeFlags, type Wrapper } from './command.ts';
import type { ChildEntry } from './entry.ts';
import { MAX_ANSWER_BYTES, MAX_NOISE_BYTES } from './protocol.ts';
import type { ParserBudget } from './resource-limits.ts';

/** How a parser process ended. */
export interface ChildEnd {
  /** Exit code, or null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** All that it said on standard output; empty when that was too much. */
  output: Buffer;
  /** It said more than `MAX_ANSWER_BYTES` and was killed for it. */
  overflow: boolean;
  /** The beginning of its standard error: only ever searched for known phrases, never shown. */
  noise: string;
  /** It could not be started at all (errno name). */
  startError: string | null;
}

/** A parser process that waits for its one request. */
export interface WaitingChild {
  /** Media type whose reader it has loaded. */
  warmFor: string | undefined;
  pid: number | undefined;
  request: Writable;
  document: Writable;
  /** Never rejects. */
  ended: Promise<ChildEnd>;
  /** True until it has ended. */
  alive(): boolean;
  /** Kills it and whatever it started, at once. */
  kill(): void;
}

export interface ChildRecipe {
  wrapper: Wrapper;
  entry: ChildEntry;
  budget: ParserBudget;
}

/** Starts a parser in its own process group with an empty environment. Never throws: a failed start is an end. */
export function startChild(recipe: ChildRecipe, warmFor: string | undefined): WaitingChild {
  const rest = [
    ...nodeFlags(recipe.entry, recipe.budget),
    recipe.entry.file,
    ...(warmFor === undefined ? [] : [warmFor]),
  ];
  const { program, args } = commandLine(recipe.wrapper, process.execPath, rest);
  const child = spawn(program, args, {
    env: {},
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  offerToMemoryKiller(child.pid);
  // Neither a spare that waits nor its pipes may keep the process that started it from ending.
  child.unref();
  for (const stream of child.stdio) (stream as { unref?: () => void } | null)?.unref?.();
  const state = { alive: true };
  const kill = () => {
    if (state.alive) killGroup(child);
  };
  const ended = watch(child, kill).finally(() => {
    // What it may have started outlives it in its group.
    killGroup(child);
    state.alive = false;
  });
  const document = child.stdio[3] as Writable;
  for (const stream of [child.stdin, document]) stream.on('error', () => {});
  return { warmFor, pid: child.pid, request: child.stdin, document, ended, alive: () => state.alive, kill };
}

/** Keeps this process running until the child has ended; a spare is not held, one at work is. */
export function holdChild(child: WaitingChild): () => void {
  const timer = setInterval(() => {}, 2 ** 30);
  void child.ended.then(() => clearInterval(timer));
  return () => clearInterval(timer);
}

/** Where memory runs out the kernel takes a parser, not who waits for it. Not everywhere may a process say so. */
function offerToMemoryKiller(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {}
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

function watch(child: ChildProcess, kill: () => void): Promise<ChildEnd> {
  const output = collect(child.stdout!, MAX_ANSWER_BYTES, kill);
  // A child that floods its standard error is not killed for it; the rest is read and forgotten.
  const noise = collect(child.stderr!, MAX_NOISE_BYTES, () => {});
  let startError: string | null = null;
  child.on('error', (error: NodeJS.ErrnoException) => {
    startError = error.code ?? 'UNKNOWN';
  });
  return new Promise((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      const { overflow } = output;
      const said = overflow ? Buffer.alloc(0) : Buffer.concat(output.parts);
      resolve({
        code,
        signal,
        output: said,
        overflow,
        noise: Buffer.concat(noise.parts).toString('latin1'),
        startError,
      });
    };
    child.on('close', end);
    // A program that cannot be started has no exit and may have no `close`.
    child.on('error', () => child.pid === undefined && end(null, null));
  });
}

function collect(stream: Readable, most: number, onOverflow: () => void): { parts: Buffer[]; overflow: boolean } {
  const kept = { parts: [] as Buffer[], overflow: false };
  let size = 0;
  stream.on('data', (part: Buffer) => {
    if (size + part.length <= most) kept.parts.push(part);
    else if (!kept.overflow) {
      kept.parts.push(part.subarray(0, most - size));
      kept.overflow = true;
      onOverflow();
    }
    size = Math.min(most, size + part.length);
  });
  stream.on('error', () => {});
  return kept;
}

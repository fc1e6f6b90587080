/** What one parser process may use. */
export interface ParserBudget {
  /** Memory beside what Node itself needs, in MiB: JavaScript heap, buffers and WebAssembly together. */
  memoryLimitMb: number;
  /** Wall-clock time for one document. */
  timeoutMs: number;
}

/**
 * Writable memory that V8 reserves on x86-64 before it runs a line: 512 MiB for machine code and some 60 MiB of stacks
 * and first heap pages. `RLIMIT_DATA` counts it although next to nothing of it is touched, so it is added on top.
 */
const V8_RESERVATION_MB = 640;
/** JavaScript's share of the memory; what is left is for buffers and WebAssembly. */
const HEAP_SHARE = 0.75;
const LEAST_HEAP_MB = 64;
/** V8 compiles and collects beside the main thread; a parser spins on one. Twice the wall clock is generous. */
const CPU_PER_WALL = 2;
const CPU_SLACK_SECONDS = 5;
/** Between the kernel's warning, which ends a parser and names the reason, and its kill. */
const CPU_GRACE_SECONDS = 2;
/** Node needs about thirty; modules are loaded a few at a time. */
const OPEN_FILES = 128;

/**
 * Arguments of `prlimit` for one parser. `RLIMIT_AS` is of no use with V8, which reserves gigabytes of address space
 * for guards; `RLIMIT_DATA` counts what is writable, JavaScript or not, and holds for native code as well.
 * No file can be written (`fsize`), no core with document text is left behind (`core`), a spinning parser is ended by
 * the kernel (`cpu`) even if its parent is gone.
 */
export function prlimitArguments(budget: ParserBudget): string[] {
  const { data, cpu, nofile } = limitValues(budget);
  return [
    `--data=${data}`,
    `--cpu=${cpu}:${cpu + CPU_GRACE_SECONDS}`,
    `--nofile=${nofile}`,
    '--fsize=0',
    '--core=0',
    '--memlock=0',
    '--msgqueue=0',
  ];
}

/** The numbers behind `prlimitArguments`, for the check that they hold: bytes, seconds, descriptors. */
export function limitValues({ memoryLimitMb, timeoutMs }: ParserBudget): { data: number; cpu: number; nofile: number } {
  return {
    data: (memoryLimitMb + V8_RESERVATION_MB) * 1024 * 1024,
    cpu: Math.ceil(timeoutMs / 1000) * CPU_PER_WALL + CPU_SLACK_SECONDS,
    nofile: OPEN_FILES,
  };
}

/** The most JavaScript heap, MiB: V8 gives up in good order before the kernel's limit is met. */
export function heapLimitMb({ memoryLimitMb }: ParserBudget): number {
  return Math.max(LEAST_HEAP_MB, Math.floor(memoryLimitMb * HEAP_SHARE));
}

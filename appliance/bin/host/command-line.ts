import { type ChildProcess, spawn } from 'node:child_process';
import { Refusal } from '../../ui/api.ts';

/** The command line as pages run it: what a person at a terminal would type, with its answer as JSON. */
export interface CommandLine {
  /** Runs a command to its end, and gives back its answer. Throws a `Refusal` where it gave none. */
  ask<T>(...words: string[]): Promise<T>;
  /** The same for one that writes a file to standard output. */
  bytes(...words: string[]): Promise<Uint8Array<ArrayBuffer>>;
  /** Starts a command that takes long. */
  start(words: readonly string[], heard: Heard): Started;
}

export interface Heard {
  /** A line of JSON on standard error: of an operation, where it is. */
  event(event: unknown): void;
  /** It is over. `refusal`: why it did not end well; null: it did. */
  ended(refusal: { code: string; message: string } | null): void;
}

export interface Started {
  /** As Ctrl-C at a terminal: it, and what it handed its work to. */
  stop(): void;
  readonly over: Promise<void>;
}

interface Envelope {
  success: false;
  error: { code: string; message: string; details?: Refusal['details'] };
}

const MOST_BYTES = 64 << 20;

/** `program`: what starts the command line, with the options that go before its words. */
export function commandLine(program: readonly [string, ...string[]]): CommandLine {
  const spawned = (words: readonly string[], options: { detached?: true } = {}): ChildProcess => {
    const [file, ...before] = program;
    return spawn(file, [...before, ...words], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  };
  /** Runs it to its end. */
  const ran = async (words: readonly string[]) => {
    const child = spawned([...words, '--json']);
    const [out, err] = [child.stdout!, child.stderr!].map((stream) => collected(stream));
    const code = await exitOf(child);
    return { code, out: await out!, err: String(await err!) };
  };
  return {
    async ask<T>(...words: string[]) {
      const { out, err } = await ran(words);
      const answer = lastJson<T>(String(out));
      // A check that found something wrong answers what, and fails.
      if (answer !== null) return answer;
      throw refusalOf(lastJson<Envelope>(err));
    },
    async bytes(...words) {
      const { code, out, err } = await ran(words);
      if (code === 0) return new Uint8Array(out);
      throw refusalOf(lastJson<Envelope>(err));
    },
    start(words, { event, ended }) {
      // A group of its own: another release's program may do the work, and has to hear of a stop too.
      const child = spawned([...words, '--progress', 'json', '--json'], { detached: true });
      let refusal: Envelope['error'] | null = null;
      byLine(child.stderr!, (line) => {
        const said = parsed<{ event?: string } & Partial<Envelope>>(line);
        if (said?.error !== undefined) refusal = said.error;
        else if (said?.event !== undefined) event(said);
      });
      // Its answer says what its journal says.
      child.stdout!.resume();
      const over = new Promise<void>((resolve) => {
        let isOver = false;
        const end = (why: string | null) => {
          if (isOver) return;
          isOver = true;
          ended(refusal ?? (why === null ? null : { code: 'INTERNAL_ERROR', message: why }));
          resolve();
        };
        child.once('error', ({ message }) => end(`The command could not be started: ${message}.`));
        child.once('close', (code, signal) =>
          end(code === 0 ? null : `The command ended with ${signal ?? `exit code ${code}`} and said nothing.`),
        );
      });
      const stop = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
        } catch (error) {
          // It is over already.
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      };
      return { stop, over };
    },
  };
}

function refusalOf(envelope: Envelope | null): Refusal {
  const {
    code,
    message,
    details = [],
  } = envelope?.error ?? {
    code: 'INTERNAL_ERROR',
    message: 'The command said nothing that can be read.',
  };
  return new Refusal({ status: envelope === null ? 500 : 409, code, message, details });
}

/** Its exit code; null where a signal ended it. */
function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => child.once('close', resolve).once('error', reject));
}

async function collected(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function byLine(stream: NodeJS.ReadableStream, hear: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!.slice(-MOST_BYTES);
    for (const line of lines) hear(line);
  });
  stream.on('end', () => hear(rest));
}

function lastJson<T>(text: string): T | null {
  const lines = text.trim().split('\n').reverse();
  for (const line of lines) {
    const found = parsed<T>(line);
    if (found !== null) return found;
  }
  return null;
}

function parsed<T>(line: string): T | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as T;
  } catch {
    return null;
  }
}

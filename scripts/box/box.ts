/** A sealed box: a Debian 12 of its own, in which the appliance is installed as on a host that nobody reaches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descendantsOf, killIfThere } from '../../test/support/faults/processes.ts';
import type { Ran } from '../../test/support/shipped.ts';
import { ENVIRONMENT, initOf, inside, killAll, runInside, settled, startInit, untilOff } from './boot.ts';
import { diskAt, makeDisk } from './disk.ts';
import { baseDisk, type Equipment } from './equipment.ts';
import { PLACE } from './place.ts';
import { type BoxRecord, diskFile, removeRecord, thisProcess, writeRecord } from './records.ts';
import { endSink, joinSink, makeSink, type Sink, sinkOf } from './sink.ts';

export interface BoxOptions {
  equipment: Equipment;
  /** A bundle's folder, or a mounted medium's: it is at `/media/stick` in there, read-only. */
  stick?: string;
  /** With a route, into a sink that counts what tries to leave. Without it there is no interface but loopback. */
  route?: boolean;
  /** How large its disk is; it takes up only what is written. */
  gibibytes?: number;
  /** A disk that another box saved, in the place of the equipment's. */
  from?: string;
  /** It stays when this process ends. */
  keep?: boolean;
}

/** A program that runs in a box. */
export interface Started {
  child: ChildProcess;
  ended: Promise<Ran>;
  /** Ends it and all that it started at once (SIGKILL). */
  kill(): void;
}

export interface Box {
  readonly name: string;
  /** Its disk as this host sees it now; another path after `cutPower` and `save`. What is on memory in there (`/run`, `/tmp`) is not here: ask by `run`. */
  readonly root: string;
  /** Where it has a route, what counts. */
  readonly sink: Sink | null;
  /** Boots it, and resolves when its init has started all; with `running`, or `degraded` where something failed. */
  boot(): Promise<string>;
  /** Runs a program in there as root, to its end. */
  run(words: readonly string[], options?: { env?: Record<string, string>; input?: string }): Promise<Ran>;
  /** The same where it must end well: what it printed, without the last line's end. Throws with what it complained of. */
  must(...words: string[]): Promise<string>;
  /** Starts a program in there. */
  start(words: readonly string[], env?: Record<string, string>): Started;
  /** Words that run a program of this host in the network of the box: it reaches what listens there. */
  inNetwork(words: readonly string[]): string[];
  /** Ends all of it at once. What was written and not synced is still there when it boots again. */
  kill(): Promise<void>;
  /** Pulls the plug: its disk stops, then all of it ends. What was not synced is gone. */
  cutPower(): Promise<void>;
  /** Takes it down in order. */
  powerOff(): Promise<void>;
  /** Ends it and writes its disk to a file, for other boxes to begin with. */
  save(file: string): Promise<void>;
  /** Ends it, and removes all of it. Safe to call twice. */
  end(): Promise<void>;
}

const GIBIBYTES = 48;

/** Makes a box; it is not booted. */
export async function makeBox(options: BoxOptions): Promise<Box> {
  const { equipment, stick = null, route = false, gibibytes = GIBIBYTES, keep = false } = options;
  const from = options.from ?? (await baseDisk(equipment));
  const name = `${PLACE.prefix}${randomBytes(4).toString('hex')}`;
  const record: BoxRecord = { name, equipment, owner: keep ? null : thisProcess(), stick, route };
  writeRecord(record);
  const box = boxOf(record);
  try {
    await makeDisk(from, diskFile(name), name, gibibytes);
    if (route) makeSink(name);
  } catch (error) {
    await box.end();
    throw error;
  }
  return box;
}

/** A box that was made, by its record. */
export function boxOf(record: BoxRecord): Box {
  const { name, route } = record;
  const disk = diskAt(diskFile(name), name);
  const box: Box = {
    name,
    get root() {
      return disk.folder;
    },
    sink: route ? sinkOf(name) : null,
    async boot() {
      if (initOf(name) !== undefined) throw new Error(`${name} runs already`);
      const init = await startInit(record, disk);
      if (route) {
        joinSink(name, init);
        writeFileSync(join(disk.folder, 'etc/resolv.conf'), `nameserver ${sinkOf(name).resolver}\n`);
      }
      return settled(name);
    },
    run: (words, given) => runInside(name, words, given),
    async must(...words) {
      const { code, out, err } = await runInside(name, words);
      if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${(err || out).trim().slice(-1500)}`);
      return out.trimEnd();
    },
    start: (words, env = {}) => startInside(name, words, env),
    inNetwork(words) {
      const init = initOf(name);
      if (init === undefined) throw new Error(`${name} is not running`);
      return ['nsenter', `--target=${init}`, '--net', '--', ...words];
    },
    kill: () => killAll(name),
    async cutPower() {
      disk.cutPower();
      await killAll(name);
      await disk.replug();
    },
    async powerOff() {
      // The way to it goes with it.
      await box.run(['systemctl', 'poweroff']);
      await untilOff(name);
      await killAll(name);
    },
    async save(file) {
      await killAll(name);
      await disk.save(file);
    },
    async end() {
      await killAll(name);
      if (route) endSink(name);
      await disk.end();
      removeRecord(name);
    },
  };
  return box;
}

function startInside(name: string, words: readonly string[], env: Record<string, string>): Started {
  const [command, ...args] = inside(name, words);
  const child = spawn(command!, args, { env: { ...ENVIRONMENT, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, out, err }));
  });
  return {
    child,
    ended,
    kill() {
      for (const pid of [...descendantsOf(child.pid!), child.pid!]) killIfThere(pid);
    },
  };
}

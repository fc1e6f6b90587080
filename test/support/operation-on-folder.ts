import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { JOURNAL, type Journal } from '../../appliance/bundle/operation/journal.ts';
import { beginOrResume } from '../../appliance/bundle/operation/operations.ts';
import { type Outcome, rollBack, runOperation } from '../../appliance/bundle/operation/run.ts';
import { type Between, BY, runWith, type SmallDisk, smallOperation } from './operation-world.ts';

export interface Kill {
  /** The step at which it happens, from 0. */
  killAt: number;
  /** It happens with half a line in the journal, where that step is before a line. */
  isTorn: boolean;
  kill(): void;
}

/** Runs the small operation on a folder's files, with a real journal; says how many steps there were, and which write a line. */
export async function runOnFolder(
  folder: string,
  direction: 'forward' | 'back',
  { killAt, isTorn, kill }: Kill = { killAt: -1, isTorn: false, kill: () => undefined },
): Promise<Outcome & { steps: number; lines: number[] }> {
  let step = 0;
  const lines: number[] = [];
  const between: Between = () => {
    if (step++ === killAt) kill();
  };
  const operation = smallOperation(fileDisk(join(folder, 'host')), between);
  const operations = join(folder, 'operations');
  const journal = beginOrResume({ folder: operations, operation, version: '1.2.3', by: BY, now: () => new Date() });
  const watched: Journal = {
    events: journal.events,
    get state() {
      return journal.state;
    },
    append(event) {
      lines.push(step);
      if (isTorn && step === killAt)
        writeHalf(join(operations, journal.state.plan.operation, JOURNAL), JSON.stringify(event));
      between('before an event');
      journal.append(event);
      between('after an event');
    },
    close: () => journal.close(),
  };
  const options = runWith(operation, watched);
  const outcome = await (direction === 'back' ? rollBack({ ...options, because: 'asked' }) : runOperation(options));
  journal.close();
  return { ...outcome, steps: step, lines };
}

/** Each key is a file. */
function fileDisk(folder: string): SmallDisk {
  return {
    get: (key) => (existsSync(join(folder, key)) ? readFileSync(join(folder, key), 'utf8') : null),
    set: (key, value) => {
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), value);
    },
    remove: (key) => rmSync(join(folder, key), { force: true }),
  };
}

function writeHalf(file: string, line: string): void {
  const fd = openSync(file, 'a');
  writeSync(fd, line.slice(0, line.length / 2));
  closeSync(fd);
}

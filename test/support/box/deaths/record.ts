import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { ROOT } from '../../shipped.ts';

/** What a record says of itself. */
export interface About {
  title: string;
  /** That writes it. */
  command: string;
  /** How it was made, and what the columns mean; a line each. */
  words: readonly string[];
}

/** One line of what was recorded. */
export interface Recorded {
  operation: string;
  phase: string;
  /** What befell it. */
  befell: string;
  found: string;
  after: string;
  seconds: number;
  /** What was looked at once the operation was over. */
  data: string;
}

/** A line of the table, and the run that it comes from. */
interface Line {
  befell: string;
  run: string;
  text: string;
}

const HEAD = '| Operation | Phase | What befell it | Found | After it | Seconds | Data |';
const RUN = /^- (.+?): \d+ points, (.*)$/;

/**
 * A run's record, as a page: written anew with each addition, so that a run that is ended leaves what it came to. What is recorded of
 * the same kind before makes way; of other kinds it stays, with the run that it comes from. `file` is null where nobody asked for one.
 */
export function recordOf(
  file: string | null,
  about: About,
): { readonly all: readonly Recorded[]; add(...lines: readonly Recorded[]): void } {
  const all: Recorded[] = [];
  const before = file !== null && existsSync(file) ? linesOf(readFileSync(file, 'utf8')) : [];
  const run = thisRun();
  return {
    all,
    add(...lines) {
      all.push(...lines);
      if (file === null) return;
      const made = all.map((one) => ({ befell: one.befell, run, text: rowOf(one) }));
      const kept = before.filter(({ befell }) => !made.some((one) => one.befell === befell));
      writeFileSync(file, page([...kept, ...made], about));
    },
  };
}

function thisRun(): string {
  const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  const debian = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const began = `${new Date().toISOString().slice(0, 16)}Z`;
  return `begun ${began} at commit ${commit}, on ${cpus().length} × ${cpus()[0]!.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${debian}`;
}

const rowOf = ({ operation, phase, befell, found, after, seconds, data }: Recorded): string =>
  `| ${[operation, phase, befell, found, after, seconds.toFixed(1), data].join(' | ')} |`;

function linesOf(text: string): Line[] {
  const all = text.split('\n');
  const runs = new Map(all.flatMap((line) => (RUN.test(line) ? [RUN.exec(line)!.slice(1) as [string, string]] : [])));
  return all
    .slice(all.indexOf(HEAD) + 2)
    .filter((line) => line.startsWith('| '))
    .map((line) => {
      const befell = line.split(' | ')[2]!;
      return { befell, run: runs.get(befell)!, text: line };
    });
}

function page(lines: readonly Line[], { title, command, words }: About): string {
  const kinds = [...Map.groupBy(lines, ({ befell }) => befell)];
  return [
    `# ${title}`,
    '',
    `<!-- Written by \`${command}\`. Do not edit. -->`,
    '',
    ...words,
    '',
    `${lines.length} points:`,
    '',
    ...kinds.map(([befell, of]) => `- ${befell}: ${of.length} points, ${of[0]!.run}`),
    '',
    HEAD,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map(({ text }) => text),
    '',
  ].join('\n');
}

import type { Box } from '../scripts/box/box.ts';

/** A phase of an operation, and how many seconds it took. */
export interface Phase {
  title: string;
  seconds: number;
}

/** The phases of the last operation of a box, as its own log says. */
export async function phasesOf(box: Box): Promise<Phase[]> {
  const log = await box.must('frostbyte', 'plan', 'show', '--log');
  const phases = [...log.matchAll(/\] (.*): done after ([\d.]+) s$/gm)];
  return phases.map(([, title, seconds]) => ({ title: title!, seconds: Number(seconds) }));
}

/** Lines of those that took a second or more. */
export const longOf = (phases: readonly Phase[]): string[] =>
  phases.flatMap(({ title, seconds }) => (seconds < 1 ? [] : [`  ${title}: ${seconds.toFixed(1)} s`]));

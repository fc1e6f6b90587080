import { printable } from '../../kernel/printable.ts';
import type { Actor, JournalEvent, Plan } from './events.ts';

/** The journal in words, for whoever wants to know afterwards what was done here. */

/** The whole log. */
export function readableLog(events: readonly JournalEvent[]): string {
  return events.map((event, at) => readableLine(event, events.slice(0, at + 1))).join('');
}

/** One event as its lines; `events` are those up to it. */
export function readableLine(event: JournalEvent, events: readonly JournalEvent[]): string {
  const plan = events[0] as JournalEvent & Plan;
  const stamp = event.at.replace('T', ' ').slice(0, 19);
  return `${stamp}  ${printable(sentence(event, plan, events))}\n`;
}

/** Who did it, in words. */
export function actorInWords({ user, login }: Actor): string {
  return login === null || login === user ? user : `${user} (logged in as ${login})`;
}

function sentence(event: JournalEvent, plan: Plan, events: readonly JournalEvent[]): string {
  const title = 'phase' in event ? titleOf(plan, event.phase) : '';
  switch (event.event) {
    case 'planned':
      return `${event.title}: planned by ${actorInWords(event.by)}, ${event.phases.length} phases`;
    case 'begun':
      return `${title}: ${event.again ? 'begun again' : 'begun'}`;
    case 'done':
      return event.found ? `${title}: nothing to do` : `${title}: done${took(event, events)}`;
    case 'noted':
      return `${title}: ${event.text}`;
    case 'failed':
      return `${title}: FAILED, ${event.code}: ${event.message}`;
    case 'resumed':
      return `Gone on with by ${actorInWords(event.by)}`;
    case 'stopped':
      return 'Stopped by the operator; frostbyte plan resume goes on, frostbyte plan rollback goes back';
    case 'rolling-back':
      return `Going back, because ${event.because} (${actorInWords(event.by)})`;
    case 'undoing':
      return `${title}: being undone`;
    case 'undone':
      return `${title}: undone${took(event, events)}`;
    case 'finished':
      return event.result === 'done' ? `${plan.title}: done` : `${plan.title}: rolled back, all is as it was before`;
  }
}

function titleOf({ phases }: Plan, name: string): string {
  const at = phases.findIndex((phase) => phase.name === name);
  return at < 0 ? name : `[${at + 1}/${phases.length}] ${phases[at]!.title}`;
}

/** How long a phase took, by the clock of the host. */
function took({ at, phase }: JournalEvent & { phase: string }, events: readonly JournalEvent[]): string {
  const begun = events.findLast((e) => (e.event === 'begun' || e.event === 'undoing') && e.phase === phase);
  const seconds = begun === undefined ? -1 : (Date.parse(at) - Date.parse(begun.at)) / 1000;
  return seconds < 0 ? '' : ` after ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

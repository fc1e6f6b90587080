import type { InjectionCategory } from '../../gate.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * How the words of a vocabulary make an instruction. `{slot}` is any entry of the slot, `..n` up to n words between, a
 * blank a short stretch of blanks and punctuation within the sentence.
 *
 * Strength is evidence in the unit of the pattern component (see `score-injection.ts`): 0.75 alone reaches the flag,
 * 1.75 alone the quarantine.
 */
export interface Template {
  category: InjectionCategory;
  strength: number;
  shape: string;
  slots: readonly (keyof Vocabulary)[];
  /** Only for these languages; all when absent. */
  languages?: readonly string[];
  /** Only where a sentence, clause or line begins. */
  atStart?: boolean;
}

export const TEMPLATES: readonly Template[] = [
  {
    category: 'direct_override',
    strength: 1.9,
    shape: '{ignore} ..3 {previous} ..3 {object}',
    slots: ['ignore', 'previous', 'object'],
  },
  {
    category: 'direct_override',
    strength: 1.9,
    shape: '{ignore} ..3 {object} ..3 {previous}',
    slots: ['ignore', 'object', 'previous'],
    languages: ['fr', 'es', 'it', 'pt', 'en', 'pl', 'de'],
  },
  {
    category: 'direct_override',
    strength: 1.9,
    shape: '{previous} ..3 {object} ..4 {ignore}',
    slots: ['previous', 'object', 'ignore'],
    languages: ['de', 'nl'],
  },
  {
    category: 'direct_override',
    strength: 1.2,
    shape: '{ignore} ..1 {your} {object}',
    slots: ['ignore', 'your', 'object'],
  },
  {
    category: 'direct_override',
    strength: 1.2,
    shape: '{ignore} {everything}',
    slots: ['ignore', 'everything'],
    atStart: true,
  },
  { category: 'prompt_leak', strength: 1.4, shape: '{reveal} ..4 {prompt}', slots: ['reveal', 'prompt'] },
  { category: 'role_assumption', strength: 0.95, shape: '{youAreNow}', slots: ['youAreNow'] },
  { category: 'role_assumption', strength: 0.95, shape: '{actAs}', slots: ['actAs'] },
  { category: 'multi_turn', strength: 0.85, shape: '{newTask}', slots: ['newTask'] },
  {
    category: 'multi_turn',
    strength: 0.8,
    shape: '{praise} ..12 {now} ..3 {write}',
    slots: ['praise', 'now', 'write'],
    atStart: true,
  },
  { category: 'multi_turn', strength: 0.5, shape: '{now} ..1 {write}', slots: ['now', 'write'], atStart: true },
  {
    category: 'second_person_command',
    strength: 0.35,
    shape: '{write} ..4 {work}',
    slots: ['write', 'work'],
    atStart: true,
  },
  { category: 'second_person_command', strength: 0.8, shape: '{answerFollowing}', slots: ['answerFollowing'] },
  { category: 'model_imperative', strength: 0.9, shape: '{yourResponse}', slots: ['yourResponse'] },
  { category: 'jailbreak', strength: 0.7, shape: '{unrestricted}', slots: ['unrestricted'] },
];

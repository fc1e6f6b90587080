import { ASSISTANT_TASKS, REWRITING_ORDERS } from './patterns/tasks.ts';

/** How many sentences from each end are looked at: planted orders stand before or after the text they hide in. */
const EDGE_SENTENCES = 2;
/** The rest must be long enough to be a text of its own. */
const LEAST_REST = 120;

/**
 * Evidence that an order to an assistant was planted in a text of another kind: it stands at the beginning or the end,
 * and nothing else in the text is such an order. A sheet of exercises or a lone request is not that. Gives the
 * strength in the unit of the pattern component, 0 when there is none. O(n).
 */
export function plantedTask(folded: string): number {
  const sentences = folded
    .split(/(?<=[.!?])\s+|\n+/u)
    .map((sentence) => sentence.replace(/^[^\p{L}"']{1,20}/u, '').trim())
    .filter((sentence) => sentence !== '');
  if (sentences.length < 2) return 0;
  const orders = sentences.flatMap((sentence, i) => (isTask(sentence) ? [i] : []));
  const [only] = orders;
  if (only === undefined || orders.length > 1) return 0;
  if (only >= EDGE_SENTENCES && only < sentences.length - EDGE_SENTENCES) return 0;
  if (folded.length - sentences[only]!.length < LEAST_REST) return 0;
  return 0.8;
}

function isTask(sentence: string): boolean {
  const head = sentence.slice(0, 240);
  return REWRITING_ORDERS.test(head) || ASSISTANT_TASKS.some((pattern) => pattern.test(head));
}

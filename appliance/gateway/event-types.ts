import { EVENTS } from '../audit/events.ts';

/** Every type of audit event that a filter may name, by the alphabet. */
export const EVENT_TYPES: readonly string[] = Object.freeze(Object.keys(EVENTS).sort());

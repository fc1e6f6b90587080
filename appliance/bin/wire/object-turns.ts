import { Turns } from '../../kernel/turns.ts';

const TURNS = new Map<string, Turns>();

/**
 * The turns of a tenant's objects in this process, for all who hold its store: whoever deletes an object and whoever seals
 * it anew never do both at once. Deletions all run in the daemon, and so does resealing.
 */
export function objectTurns(tenantId: string): Turns {
  const turns = TURNS.get(tenantId) ?? new Turns();
  TURNS.set(tenantId, turns);
  return turns;
}

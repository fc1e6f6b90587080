/** A unit as `systemctl show` tells it: a value by the name of each property. */
export type UnitState = Readonly<Record<string, string>>;

/** One that fails slowly is never seen to fail too often: it is not waited for longer than so many starts of it take. */
const MOST_RESTARTS = 3;

/**
 * Tells which units gave up: by their state, or since they were started too often again. That is counted from the first look, since
 * whoever goes on has mended what befell them before. O(units) a look.
 */
export function unitsThatGaveUp(): (states: readonly UnitState[]) => string[] {
  const first = new Map<string, number>();
  return (states) =>
    states.flatMap(({ Id, ActiveState, NRestarts }) => {
      if (!Id) return [];
      const restarts = Number(NRestarts);
      // The manager counts from nothing again where somebody starts it.
      const since = Math.min(first.get(Id) ?? restarts, restarts);
      first.set(Id, since);
      return ActiveState === 'failed' || restarts - since >= MOST_RESTARTS ? [Id] : [];
    });
}

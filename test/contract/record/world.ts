import type { TestContext } from 'node:test';
import type { RecordStore } from '../../../appliance/stores/record/port.ts';

export interface RecordWorld {
  store: RecordStore;
  /** A second connection to the same records. */
  another(): RecordStore;
  dispose(): Promise<void>;
}

/** Makes an empty store for the tenant `acme`. */
export type MakeRecords = () => Promise<RecordWorld>;

/** A world that is gone after the test. */
export async function worldOf(t: TestContext, make: MakeRecords): Promise<RecordWorld> {
  const world = await make();
  t.after(() => world.dispose());
  return world;
}

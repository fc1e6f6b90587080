import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { endSequence } from '../support/visibility/inventory.ts';
import { sequences } from '../support/visibility/sequences.ts';
import { Session, Stage } from '../support/visibility/session.ts';

/**
 * Random sequences of what people, law and time do about documents, against a model of what must be visible to whom. A
 * red run prints its seed, the path to it and the shortest sequence that shows it. `FROSTBYTE_TEST_SEED` takes another
 * way; `FROSTBYTE_TEST_SEQUENCES` another number.
 */
const ALL = process.env.FROSTBYTE_TEST_FAULTS === 'all';
const SEQUENCES = Number(process.env.FROSTBYTE_TEST_SEQUENCES ?? (ALL ? 2000 : 150));
/** The most actions behind the first two; a sample is of short sequences, since it is to cost half a minute. */
const LONGEST = ALL ? 12 : 7;
/** A world is left for a new one when its stores have grown beyond what a sequence adds. */
const SEQUENCES_A_WORLD = 100;

describe('what is visible to whom', () => {
  let stage: Stage | null = null;
  let played = 0;
  let salt = 0;
  /** From the first failure on everybody looks at everything, so that shorter sequences show it too. */
  let hasFailed = false;

  const leave = async () => {
    const old = stage;
    stage = null;
    played = 0;
    await old?.world.end();
  };
  after(leave);

  it(`is what the model says, in ${SEQUENCES} sequences of actions`, async () => {
    await fc.assert(
      fc.asyncProperty(sequences(LONGEST), async ([first, commands]) => {
        if (played === SEQUENCES_A_WORLD) await leave();
        stage ??= await Stage.open();
        played += 1;
        salt += 1;
        const session = new Session(stage, salt, hasFailed);
        const logs = new Map<string, number>();
        for (const { id } of session.tenants) {
          await stage.world.control.relayNow();
          logs.set(id, await (await stage.world.control.auditLog(id)).size());
        }
        try {
          for (const action of first) await action.run({}, { session });
          await fc.asyncModelRun(() => ({ model: {}, real: { session } }), commands);
          await endSequence(session, stage, logs);
        } catch (error) {
          hasFailed = true;
          // Whatever it left behind must not be another sequence's trouble.
          await leave().catch(() => undefined);
          throw error;
        }
      }),
      { numRuns: SEQUENCES, endOnFailure: false },
    );
  });
});

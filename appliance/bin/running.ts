/** A role that was started in this process. */
export interface Running {
  /** What to say of it: where it listens. */
  says: string;
  /** Ends it well: what is in flight comes to its end. */
  stop(): Promise<void>;
}

/** What was acquired, released in reverse. */
export class Undo {
  readonly #steps: (() => unknown)[] = [];

  push(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }
}

/** Starts by `begin`; where that fails, releases what it had acquired by then. */
export async function acquiring<T>(begin: (undo: Undo) => Promise<T>): Promise<T> {
  const undo = new Undo();
  try {
    return await begin(undo);
  } catch (error) {
    await undo.run();
    throw error;
  }
}

/** Says one line, and runs until SIGTERM, SIGINT, or until `over` resolves. */
export async function runUntilTold(running: Running, over?: Promise<unknown>): Promise<void> {
  process.stdout.write(`${running.says}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    over?.then(() => resolve());
  });
  await running.stop();
}

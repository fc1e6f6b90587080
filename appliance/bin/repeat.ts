/** Runs `task` now and again every `ms`, never twice at a time; `stop` waits for the one that runs. */
export function repeat(
  task: () => Promise<void>,
  ms: number,
  failed: (error: unknown) => void,
): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const round = () => {
    running = task()
      .catch(failed)
      .then(() => {
        if (!stopped) timer = setTimeout(round, ms);
      });
  };
  round();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** How long work may keep the process from everything else, in milliseconds. */
const SHARE_MS = 10;

/**
 * For long loops of small computations: awaiting the function lets others run whenever its share of time is used up, and
 * costs next to nothing otherwise.
 */
export function turnTaker(shareMs = SHARE_MS): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < shareMs) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now();
        resolve();
      }),
    );
  };
}

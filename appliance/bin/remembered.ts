/** The same answer for `ms`: whoever asks without a token cannot make the stores work for it. */
export function remembered<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let known: { answer: Promise<T>; until: number } | undefined;
  return () => {
    if (!known || performance.now() > known.until) known = { answer: ask(), until: performance.now() + ms };
    return known.answer;
  };
}

/**
 * Cuts a text's tokens into as few windows of at most `most` tokens as there can be, as even as they come: no window is a
 * scrap of a few tokens that would count as much as the rest. No token is left out, none stands in two windows. No tokens
 * are no windows.
 */
export function windowsOf(tokens: readonly number[], most: number): number[][] {
  const count = Math.ceil(tokens.length / most);
  return Array.from({ length: count }, (_, i) =>
    tokens.slice(Math.floor((i * tokens.length) / count), Math.floor(((i + 1) * tokens.length) / count)),
  );
}

/** Messages of log lines as they stand in a source text: literals, since a log takes nothing else (spec 6). */
export function logMessages(text: string): string[] {
  return [...text.matchAll(/\.(?:debug|info|warn|error)\(\s*'((?:[^'\\]|\\.)*)'/g)].map(([, message]) => message!);
}

/**
 * One JSON line for each test or suite that was left out or only planned, with the reason given, for each test that failed,
 * with the first lines of its error, and for each file, with the seconds that its tests took: what the summary behind all
 * layers tells again.
 */
export default async function* report(source) {
  const seconds = new Map();
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { skip = false, todo = false, details } = data;
    if (data.nesting === 0 && data.file) {
      seconds.set(data.file, (seconds.get(data.file) ?? 0) + (details?.duration_ms ?? 0) / 1000);
    }
    const place = { file: data.file ?? '', name: data.name };
    if (skip !== false || todo !== false) {
      const reason = skip === false ? `planned: ${todo}` : skip === true ? '' : skip;
      yield `${JSON.stringify({ ...place, kind: 'skip', reason })}\n`;
    } else if (type === 'test:fail' && (details?.type !== 'suite' || details.error?.failureType === 'hookFailed')) {
      const error = details?.error?.cause ?? details?.error;
      const reason = String(error?.stack ?? error?.message ?? error);
      yield `${JSON.stringify({ ...place, kind: 'failure', reason: shortened(reason) })}\n`;
    }
  }
  for (const [file, took] of seconds) yield `${JSON.stringify({ kind: 'file', file, seconds: took })}\n`;
}

/** The first lines, none of them longer than what a page of many failures has room for. */
function shortened(reason) {
  const lines = reason.split('\n').slice(0, 4);
  return lines.map((line) => (line.length > 240 ? `${line.slice(0, 100)} … ${line.slice(-140)}` : line)).join('\n  ');
}

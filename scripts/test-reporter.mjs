/** Prints failures in full, skips with their reason, slow files, and the summary; passing tests stay silent. */
export default async function* report(source) {
  for await (const { type, data } of source) {
    // A suite fails for what its tests told already, but for a hook of its own.
    if (type === 'test:fail' && (data.details?.type !== 'suite' || data.details.error?.failureType === 'hookFailed')) {
      const error = data.details?.error;
      const cause = error?.cause ?? error;
      yield `✖ ${data.file ?? ''}\n  ${data.name}\n${indent(cause?.stack ?? String(cause?.message ?? cause))}\n`;
    } else if (type === 'test:pass' && (data.skip ?? false) !== false) {
      const reason = data.skip === true || data.skip === '' ? 'no reason given' : data.skip;
      yield `- skipped: ${data.name} (${reason})\n`;
    } else if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message;
    } else if (type === 'test:summary' && data.file === undefined) {
      const { tests, passed, failed, cancelled, skipped, todo } = data.counts;
      yield `# tests ${tests}\n# pass ${passed}\n# fail ${failed}\n# cancelled ${cancelled}\n# skipped ${skipped}\n# todo ${todo}\n# duration_ms ${Math.round(data.duration_ms)}\n`;
    }
  }
}

function indent(text) {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

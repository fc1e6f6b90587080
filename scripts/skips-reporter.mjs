/** One JSON line for each test or suite that was left out (or only planned), with the reason given. */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const { skip = false, todo = false } = data;
    if (skip === false && todo === false) continue;
    const reason = skip === false ? `planned: ${todo}` : skip === true ? '' : skip;
    yield `${JSON.stringify({ file: data.file ?? '', name: data.name, reason })}\n`;
  }
}

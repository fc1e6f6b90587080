/**
 * A client that asks every 100 ms, whatever became of what it asked before, until it is told to stop (SIGTERM): `poll.mjs URL`,
 * with the token in TOKEN and what it asks in BODY. Prints a line of JSON for each: when it was asked, in ms; how long that
 * took; the status, or why there is none; what a refusal carries in Retry-After; and the documents that were found.
 */
const [url] = process.argv.slice(2);
const { TOKEN, BODY } = process.env;
const EVERY_MS = 100;
const LATE_MS = 60_000;

async function ask() {
  const at = performance.now();
  const told = { at: Math.round(at), status: 0, why: null, retry_after: null, found: null };
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: BODY,
      signal: AbortSignal.timeout(LATE_MS),
    });
    told.status = answer.status;
    told.retry_after = answer.headers.get('retry-after');
    const body = await answer.json();
    if (answer.ok) told.found = body.data.chunks.map(({ doc_id }) => doc_id);
    else told.why = body.error.code;
  } catch (error) {
    told.why = error.cause?.code ?? error.name;
  }
  process.stdout.write(`${JSON.stringify({ ...told, took: Math.round(performance.now() - at) })}\n`);
}

const asking = setInterval(() => void ask(), EVERY_MS);
process.once('SIGTERM', () => clearInterval(asking));

import type { ControlVerbs } from '../control/verbs.ts';
import type { Caller } from '../kernel/identity.ts';

/** How long a stream of events goes on before its caller is looked at again, in milliseconds. */
const LOOK_EVERY_MS = 1000;
/** The last word of a stream, in the form in which it says that it is broken off. */
const ENDED = new TextEncoder().encode(`event: error\ndata: ${JSON.stringify({ code: 'TOKEN_REVOKED' })}\n\n`);

/**
 * A stream of events, which goes on while its caller's token or session lives: an answer that lasts must not outlive what opened
 * it. Where that was ended, the stream says so and ends. Any other answer is as it was. `now` counts milliseconds.
 */
export function whileLive(
  control: Pick<ControlVerbs, 'isLive'>,
  { jti }: Pick<Caller, 'jti'>,
  answer: Response,
  now: () => number = () => performance.now(),
): Response {
  if (answer.body === null || !answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer;
  let looked = now();
  return new Response(ReadableStream.from(watched(answer.body)) as ReadableStream<Uint8Array>, answer);

  async function* watched(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      if (now() - looked >= LOOK_EVERY_MS) {
        if (!(await control.isLive(jti))) return yield ENDED;
        looked = now();
      }
      yield chunk;
    }
  }
}

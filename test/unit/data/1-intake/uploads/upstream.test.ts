import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { upstream } from '../../../../../appliance/data/1-intake/uploads/upstream.ts';
import { bodyIn } from '../../../../support/tus.ts';

const never = new AbortController().signal;

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString();
  return text;
}

test('a body comes through as it is; where it breaks, or its sender goes, it just ends', async () => {
  assert.equal(await textOf(upstream(bodyIn(['ab', 'cd']), never)!.stream), 'abcd');
  assert.equal(await textOf(upstream(bodyIn(['ab', 'cd'], 'broken'), never)!.stream), 'abcd');
  const gone = new AbortController();
  const silent = bodyIn(['ab'], 'silent', () => gone.abort());
  assert.equal(await textOf(upstream(silent, gone.signal)!.stream), 'ab');
  assert.equal(upstream(null, never), null);
});

test('it is fetched chunk by chunk, as it is wanted', async () => {
  let fetched = 0;
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => void controller.enqueue(Buffer.from(String(fetched++))) },
    { highWaterMark: 0 },
  );
  const reader = upstream(body, never)!.stream.getReader();
  await reader.read();
  await setImmediate();
  assert.equal(fetched, 1);
});

test('what an answer did not need is read and forgotten, but not without end', async () => {
  const left = { pieces: 3 };
  const short = bodyIn(['a', 'b', 'c']);
  const counted = short.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        left.pieces--;
        controller.enqueue(chunk);
      },
    }),
  );
  upstream(counted, never)!.finish();
  while (left.pieces > 0) await setImmediate();

  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const megabyte = Buffer.alloc(1 << 20);
  const endless = new ReadableStream<Uint8Array>(
    { pull: (controller) => void controller.enqueue(megabyte), cancel: resolve },
    { highWaterMark: 0 },
  );
  upstream(endless, never)!.finish();
  await stopped;
});

import { finished, type Readable } from 'node:stream';

/** Bytes that wait for the reader before the sender is held back: enough that the socket seldom stops. */
export const READ_AHEAD = 2 << 20;

export type BodyStream = ReadableStream<Uint8Array> & {
  /**
   * For when the answer is there and nobody reads on: what still comes is read and dropped. A sender that is held back
   * instead would never see the answer, and lose the connection under its next request.
   */
  dropRest(): void;
};

/**
 * The body of a request as a web stream that hands on the chunks as they lie. Node's own adapter copies each, which for
 * large uploads costs more than hashing them. When the sender goes away it hands on what came and then fails: somebody
 * behind a slow line goes on where that ends. Cancelling it hangs up.
 */
export function bodyStream(incoming: Readable): BodyStream {
  let over = false;
  let broken: Error | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        incoming.pause();
        incoming.on('data', (chunk: Buffer) => {
          if (over) return;
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
        });
        finished(incoming, { writable: false }, (error) => {
          if (over) return;
          over = true;
          if (!error) return controller.close();
          broken = error;
          failWhenEmpty(controller);
        });
      },
      // Asked for after each chunk that was taken.
      pull(controller) {
        if (broken === undefined) incoming.resume();
        else failWhenEmpty(controller);
      },
      cancel() {
        over = true;
        incoming.destroy();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD }),
  );
  // An error throws away what waits, so it has to come after that.
  function failWhenEmpty(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (controller.desiredSize === READ_AHEAD) controller.error(broken);
  }
  return Object.assign(stream, {
    dropRest() {
      over = true;
      incoming.resume();
    },
  });
}

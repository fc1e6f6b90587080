import { parentPort } from 'node:worker_threads';
import { type HashJob, hashPlace } from '../bundle/verify/hash-place.ts';
import type { HashAnswer } from './wire/hash-threads.ts';

/** A thread that hashes files of a bundle, and copies what it hashed: one a core, so that the medium is what is waited for. */

/** Bytes between two words on how far it is. */
const STEP = 32 << 20;
const port = parentPort!;
const say = (answer: HashAnswer) => port.postMessage(answer);

port.on('message', ({ id, job }: { id: number; job: HashJob }) => {
  let read = 0;
  try {
    const hashed = hashPlace(job, (bytes) => {
      read += bytes;
      if (read < STEP) return;
      say({ id, read });
      read = 0;
    });
    say({ id, read, hashed });
  } catch (error) {
    // Without a code it is a fault of ours, and says nothing about the medium.
    const { message, code, errno, syscall } = error as NodeJS.ErrnoException;
    say({ id, read, failed: { message, ...(code !== undefined && { code, errno, syscall }) } });
  }
});

import { Sha256 } from './sha256.ts';

/** The worker: hashes one file after another as it reads it, and never holds one whole. */
interface Asked {
  at: number;
  file: File;
}

const TOLD_BYTES = 4 << 20;
let turn: Promise<void> = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  turn = turn.then(() => hash(data));
});

async function hash({ at, file }: Asked): Promise<void> {
  try {
    const sum = new Sha256();
    let [read, told] = [0, 0];
    for await (const chunk of file.stream()) {
      sum.update(chunk);
      read += chunk.length;
      if (read - told < TOLD_BYTES) continue;
      told = read;
      postMessage({ at, read });
    }
    postMessage({ at, sha256: sum.digest(), read });
  } catch {
    postMessage({ at, failed: true });
  }
}

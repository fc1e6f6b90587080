import type { Socket } from 'node:net';

/** Speaks as much of Redis' protocol as commands take; each is answered with what `answer` says, as it goes over the line. */
export function redisDouble(socket: Socket, answer: (words: readonly string[]) => string): void {
  let held = '';
  socket.setEncoding('latin1').on('data', (bytes: string) => {
    held += bytes;
    for (;;) {
      const command = /^\*(\d+)\r\n/.exec(held);
      if (command === null) return;
      let at = command[0].length;
      const words: string[] = [];
      for (let n = 0; n < Number(command[1]); n++) {
        const length = /^\$(\d+)\r\n/.exec(held.slice(at));
        if (length === null) return;
        const from = at + length[0].length;
        const to = from + Number(length[1]);
        if (held.length < to + 2) return;
        words.push(held.slice(from, to));
        at = to + 2;
      }
      held = held.slice(at);
      socket.write(answer(words), 'latin1');
    }
  });
}

export const bulk = (text: string | undefined): string =>
  text === undefined ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`;

import type { Socket } from 'node:net';

/** How a login or a statement is refused: an SQLSTATE, or null where it goes through without a row. */
export interface PostgresRules {
  login(asked: { user: string; database: string }): string | null;
  statement(sql: string): string | null;
}

/** Speaks as much of PostgreSQL's protocol as a login, and statements that answer no row, take. */
export function postgresDouble(socket: Socket, { login, statement }: PostgresRules): void {
  let held = Buffer.alloc(0);
  let isIn = false;
  /** An error ends what is asked together up to its Sync. */
  let isBroken = false;
  const say = (type: string, body: Buffer = Buffer.alloc(0)) => {
    const head = Buffer.alloc(5);
    head.write(type, 0, 'latin1');
    head.writeUInt32BE(body.length + 4, 1);
    socket.write(Buffer.concat([head, body]));
  };
  const text = (...words: string[]) => Buffer.from(words.map((word) => `${word}\0`).join(''));
  const refuse = (state: string) => say('E', text('SERROR', 'VERROR', `C${state}`, 'Mrefused', ''));
  const ready = () => say('Z', Buffer.from('I'));
  const asked = (sql: string, more: () => void) => {
    const state = statement(sql);
    isBroken = state !== null;
    if (state === null) more();
    else refuse(state);
  };

  const handle: Readonly<Record<string, (body: Buffer) => void>> = {
    Q: (body) => {
      asked(body.toString('utf8', 0, body.indexOf(0)), () => say('C', text('OK')));
      isBroken = false;
      ready();
    },
    P: (body) => {
      const from = body.indexOf(0) + 1;
      asked(body.toString('utf8', from, body.indexOf(0, from)), () => say('1'));
    },
    B: () => isBroken || say('2'),
    D: () => isBroken || say('n'),
    E: () => isBroken || say('C', text('OK')),
    S: () => {
      isBroken = false;
      ready();
    },
    X: () => socket.end(),
  };

  const begin = (body: Buffer) => {
    const words = body.subarray(4).toString('utf8').split('\0');
    const of = (name: string) => words[words.indexOf(name) + 1]!;
    const state = login({ user: of('user'), database: of('database') });
    if (state !== null) {
      refuse(state);
      socket.end();
      return;
    }
    isIn = true;
    say('R', Buffer.alloc(4));
    ready();
  };

  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      // What begins a session has no type before its length.
      const at = isIn ? 1 : 0;
      if (held.length < at + 4) return;
      const end = at + held.readUInt32BE(at);
      if (held.length < end) return;
      const [type, body] = [held.toString('latin1', 0, at), held.subarray(at + 4, end)];
      held = held.subarray(end);
      if (type === '') begin(body);
      else handle[type]?.(body);
    }
  });
}

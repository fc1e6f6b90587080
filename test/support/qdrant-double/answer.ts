/** What the double answers: JSON in the server's envelope, bare text, or bytes. */
export type Answer =
  | { status: number; json: unknown }
  | { status: number; text: string; type?: string }
  | { status: number; bytes: Buffer };

export function result(value: unknown): Answer {
  return { status: 200, json: { result: value, status: 'ok' } };
}

/** An answer that is no success, thrown from wherever it is found out. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('refused');
    this.answer = answer;
  }
}

/** An error in the server's envelope. */
export function refuse(status: number, error: string): never {
  throw new Refusal({ status, json: { status: { error } } });
}

/** An error as bare text, as the server answers to a missing, wrong or outdated key. */
export function refuseBare(status: number, text: string): never {
  throw new Refusal({ status, text });
}

/** What the server would take and this double does not know: never to be answered as if it were understood. */
export function unknown(what: string): never {
  refuse(501, `The double does not know ${what}`);
}

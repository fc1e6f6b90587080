import { randomBytes } from 'node:crypto';
import { sameDigest, sha256Hex } from '../../kernel/digest.ts';
import { meantCode, typedCode } from '../../kernel/typed-code.ts';

/** A session that nobody used for so long is over. */
const IDLE_MS = 2 * 60 * 60_000;

export interface Entrance {
  /** The secret of a new session, or null: that was not the code that counts. */
  enter(typed: string): string | null;
  isIn(secret: string): boolean;
  /** Ends a session; others stay. */
  leave(secret: string): void;
}

/**
 * Lets in whoever can read the terminal: by a code that counts once. Each time that one was used, `show` is given the next.
 * Wrong ones are not counted: of 125 bits nobody guesses any, and whoever could shut the door by typing would shut it. Kept in
 * memory alone: with the process all sessions end. `now` counts milliseconds.
 */
export function entrance(show: (code: string) => void, now: () => number = Date.now): Entrance {
  const sessions = new Map<string, number>();
  let wanted = offer();

  function offer(): string {
    const code = typedCode();
    show(code);
    return sha256Hex(meantCode(code));
  }

  return {
    enter(typed) {
      if (!sameDigest(sha256Hex(meantCode(typed)), wanted)) return null;
      wanted = offer();
      const secret = randomBytes(32).toString('base64url');
      sessions.set(secret, now());
      return secret;
    },
    isIn(secret) {
      const used = sessions.get(secret);
      if (used === undefined) return false;
      if (now() - used > IDLE_MS) {
        sessions.delete(secret);
        return false;
      }
      sessions.set(secret, now());
      return true;
    },
    leave: (secret) => void sessions.delete(secret),
  };
}

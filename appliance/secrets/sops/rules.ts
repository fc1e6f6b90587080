import { RE2JS } from 're2js';
import { changed } from './refusals.ts';

/** Which values of a file are encrypted (partial encryption). A rule holds when any name on the way to a value meets it. */
export interface SopsRules {
  unencrypted_suffix?: string;
  encrypted_suffix?: string;
  /** RE2 patterns, searched for anywhere in a name. */
  unencrypted_regex?: string;
  encrypted_regex?: string;
}

export const RULE_NAMES = ['unencrypted_suffix', 'encrypted_suffix', 'unencrypted_regex', 'encrypted_regex'] as const;

/** Throws `OBJECT_CORRUPTED` for a pattern that is none. */
export function encryptedPaths(rules: SopsRules): (path: readonly string[]) => boolean {
  const { unencrypted_suffix: clear, encrypted_suffix: secret } = rules;
  const clearPattern = rules.unencrypted_regex ? compiled(rules.unencrypted_regex) : null;
  const secretPattern = rules.encrypted_regex ? compiled(rules.encrypted_regex) : null;
  return (path) => {
    let encrypted = true;
    if (clear && path.some((name) => name.endsWith(clear))) encrypted = false;
    if (secret) encrypted = path.some((name) => name.endsWith(secret));
    if (clearPattern && path.some((name) => clearPattern.test(name))) encrypted = false;
    if (secretPattern) encrypted = path.some((name) => secretPattern.test(name));
    return encrypted;
  };
}

function compiled(pattern: string): { test(text: string): boolean } {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw changed(error);
  }
}

import { hkdfSync } from 'node:crypto';
import type { KeyPair } from '../../../secrets/identities.ts';

/** A password of control's own, made of the root key: 256 bits that lie nowhere and come back after every start. */
export function derivedPassword(root: KeyPair, purpose: string): string {
  return Buffer.from(hkdfSync('sha256', root.identity, '', `frostbyte: ${purpose}`, 32)).toString('base64url');
}

import { findTool } from '../data/2-parse/sandbox/tools.ts';

/**
 * Words before a command that have the kernel end it when its parent dies, also while it hangs; none on a host without
 * `setpriv`. They leave the process id as it is.
 */
export function dyingWithParent(): readonly string[] {
  const setpriv = findTool('setpriv');
  return setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
}

import { INBOX_PATIENCE } from '../data/inbox/patience.ts';

/** Ends the process now. A call that hangs in a share holds its thread, and a process does not end before its threads. */
export function endProcess(): void {
  if (INBOX_PATIENCE.hanging > 0) process.kill(process.pid, 'SIGKILL');
}

import { createInterface } from 'node:readline/promises';

/** Whether somebody sits here who can be asked. */
export const isAttended = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** A line that somebody types at this terminal; empty where it goes away. */
export async function askPerson(question: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    return (await Promise.race([reader.question(question), gone])).trim();
  } finally {
    reader.close();
  }
}

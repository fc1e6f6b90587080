import type { Command } from 'commander';

/** What every command is told that works on the host itself. */
export interface RootFlag {
  root: string;
}

/** Adds it to a command. */
export function onHost(command: Command): Command {
  return command.option('--root <folder>', 'the root of the host, where its disk is mounted elsewhere', '/');
}

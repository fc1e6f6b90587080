import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../../appliance/cli/main.ts';
import { runCli } from '../../support/run-cli.ts';

function leaves(command: Command, path: string[] = []): { name: string; command: Command }[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const ALL = leaves(await createProgram());
const { options: GLOBAL } = await createProgram();

test('every command has a page with what it does and an example that starts with its own name', () => {
  assert.ok(ALL.length > 20);
  for (const { name, command } of ALL) {
    const page = helpOf(command);
    assert.ok(command.description().length > 3, name);
    const example = /\nExample:\n([\s\S]+)/.exec(page)?.[1];
    assert.ok(example, `${name} has an example`);
    assert.ok(example.includes(`frostbyte ${name}`), `${name}: ${example.trim()}`);
  }
});

test('every example is a command line that our own parser takes', () => {
  for (const { name, command } of ALL) {
    const line = /\nExample:\n([\s\S]+)/.exec(helpOf(command))![1]!;
    const options = [...line.matchAll(/\s(--[a-z-]+)/g)].map(([, option]) => option!);
    const known = new Set([...command.options, ...GLOBAL].map(({ long }) => long));
    for (const option of options) assert.ok(known.has(option), `${name} ${option}`);
  }
});

test('the program’s page lists the exit codes', async () => {
  assert.match(helpOf(await createProgram()), /Exit codes: 0 ok, 1 failed check, 2 usage, 3 unreachable/);
});

test('each command is there when it is typed, whatever stands before it, and loads few others', async () => {
  for (const name of (await createProgram()).commands.map((command) => command.name())) {
    const { commands } = await createProgram(['--json', '--reason', 'search', name, 'verify']);
    assert.ok(commands.some((command) => command.name() === name) && commands.length < 5, name);
  }
});

for (const [what, args, environment, status, pattern] of [
  ['help is an answer', ['--help'], {}, 0, /Usage: frostbyte/],
  [
    'an unknown command is a usage error with the nearest one',
    ['tennant'],
    {},
    2,
    /unknown command 'tennant'[\s\S]*tenant/,
  ],
  ['a missing argument is a usage error', ['tenant', 'show'], {}, 2, /missing required argument/],
  ['an unknown option is a usage error', ['config', 'check', '--loud'], {}, 2, /unknown option '--loud'/],
  [
    'a command without a token is a usage error that says how to get one',
    ['tenant', 'list'],
    {},
    2,
    /frostbyte token issue/,
  ],
  [
    'a token file that is not there is a usage error',
    ['tenant', 'list', '--token-file', '/nowhere/token'],
    {},
    2,
    /token-file = "\/nowhere\/token": must be readable \(ENOENT\)/,
  ],
  [
    'a decision about neither one dead letter nor all is a usage error',
    ['dlq', 'skip', 'acme'],
    { FROSTBYTE_TOKEN: 't' },
    2,
    /Name one dead letter, or --all/,
  ],
  [
    'a decision about one dead letter and all is a usage error',
    ['dlq', 'retry', 'acme', '0197', '--all'],
    { FROSTBYTE_TOKEN: 't' },
    2,
    /Name one dead letter, or --all/,
  ],
  [
    'a stage narrows all, not one',
    ['dlq', 'retry', 'acme', '0197', '--stage', 'embed'],
    { FROSTBYTE_TOKEN: 't' },
    2,
    /Name one dead letter, or --all/,
  ],
  [
    'a class that was seen belongs to one document',
    ['review', 'approve', 'acme', '--batch', 'b', '--class', 'contract'],
    { FROSTBYTE_TOKEN: 't' },
    2,
    /--class: with a document, not with --batch/,
  ],
  [
    'a reason that no header carries is a usage error with another way',
    ['--reason', '契約', 'search', 'acme', 'rent'],
    { FROSTBYTE_TOKEN: 't' },
    2,
    /tenant break-glass open/,
  ],
  [
    'a gateway that is not there is unreachable',
    ['tenant', 'list'],
    { FROSTBYTE_TOKEN: 't', FROSTBYTE_URL: 'http://127.0.0.1:1' },
    3,
    /No appliance answers at http:\/\/127\.0\.0\.1:1/,
  ],
  [
    'a wrong configuration names every problem',
    ['config', 'check'],
    { FROSTBYTE_PORT: 'x', FROSTBYTE_HOSST: 'y' },
    2,
    /FROSTBYTE_PORT: must be a number[\s\S]*did you mean FROSTBYTE_HOST/,
  ],
  [
    'an option that is given empty is a mistake, never the default',
    ['config', 'print', '--data', '', '--config', ''],
    {},
    2,
    /--config: must not be empty[\s\S]*data_folder: must not be empty/,
  ],
  ['a right configuration is in order', ['config', 'check', '--json'], {}, 0, /^\{"ok":true\}\n$/],
] as const) {
  test(what, async () => {
    const { status: code, said } = await runCli(args, environment as Record<string, string>);
    assert.equal(code, status, said.err);
    assert.match(said.out + said.err, pattern);
    if (status !== 0) assert.equal(said.out, '', 'complaints go to standard error');
  });
}

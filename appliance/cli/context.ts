import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Command, Option } from 'commander';
import { frostbyteVariables } from '../config/environment.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { type Client, createClient } from './client.ts';
import { createOutput, type Output } from './output.ts';

/** What every command gets: how to speak, and whom to ask. */
export interface GlobalOptions {
  json: boolean;
  url?: string;
  tokenFile?: string;
  data?: string;
  config?: string;
  ca?: string;
  reason?: string;
}

export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(new Option('--json', 'answer in JSON').default(false))
    .addOption(new Option('--url <url>', 'address of the appliance (FROSTBYTE_URL, default http://127.0.0.1:8080)'))
    .addOption(new Option('--ca <file>', 'certificate that an https address is known by, as PEM (FROSTBYTE_CA)'))
    .addOption(new Option('--token-file <file>', 'file with the token; without it FROSTBYTE_TOKEN is read'))
    .addOption(new Option('--data <folder>', 'data folder, for commands that work on the box itself (FROSTBYTE_DATA)'))
    .addOption(new Option('--config <file>', 'configuration file (FROSTBYTE_CONFIG)'))
    .addOption(new Option('--reason <text>', 'why an administrator looks at a tenant’s content (break-glass)'));
}

/** Options of the program and of the command, merged. */
export function globals(command: Command): GlobalOptions {
  return command.optsWithGlobals() as GlobalOptions;
}

export function output(command: Command): Output {
  return createOutput({ json: globals(command).json });
}

/** A client for the gateway. Throws `VALIDATION_ERROR` where no token is known. */
export function client(command: Command): Client {
  const options = globals(command);
  const variables = frostbyteVariables();
  const token = options.tokenFile ? readToken(options.tokenFile) : variables.FROSTBYTE_TOKEN;
  if (!token) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      'This command needs a token: set FROSTBYTE_TOKEN, or name a file with --token-file. `frostbyte token issue` makes one.',
      {
        details: [{ field: 'token', constraint: 'required' }],
      },
    );
  }
  return createClient({ url: urlOf(options), token, ...(options.reason ? { reason: options.reason } : {}) });
}

/** A client for what needs no token. */
export function openClient(command: Command): Client {
  return createClient({ url: urlOf(globals(command)), token: null });
}

/** Where the appliance is; where it is known by a certificate of its own, that is believed from here on. */
function urlOf({ url, ca = frostbyteVariables().FROSTBYTE_CA }: GlobalOptions): string {
  if (ca) setDefaultCACertificates([...getCACertificates('default'), textOf('ca', ca, 'The certificate')]);
  return url ?? frostbyteVariables().FROSTBYTE_URL ?? 'http://127.0.0.1:8080';
}

const readToken = (file: string): string => textOf('token-file', file, 'The token file').trim();

function textOf(field: string, file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `${what} cannot be read.`, {
      cause,
      details: [
        {
          field,
          value: file,
          constraint: `must be readable (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`,
        },
      ],
    });
  }
}

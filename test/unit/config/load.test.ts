import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfigSources, loadConfig } from '../../../appliance/config/load.ts';
import { defaultConfig } from '../../../appliance/config/schema.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';

function problems(sources: ConfigSources): Record<string, string> {
  try {
    loadConfig({ variables: {}, ...sources });
  } catch (error) {
    assert.ok(error instanceof FrostbyteError && error.code === 'CONFIG_INVALID');
    for (const { field, constraint } of error.details)
      assert.ok(error.message.includes(`${field}: ${constraint}`), 'the message names every problem');
    return Object.fromEntries(error.details.map(({ field, constraint }) => [field, constraint]));
  }
  throw new assert.AssertionError({ message: 'it was accepted' });
}

function file(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'frostbyte.yaml');
  writeFileSync(path, text);
  return path;
}

test('nothing said means the defaults, and they are frozen to the bottom', () => {
  const config = loadConfig({ variables: {} });
  assert.deepEqual(config, defaultConfig());
  assert.throws(() => {
    (config as { data_folder: string }).data_folder = '/elsewhere';
  }, TypeError);
  assert.throws(() => {
    config.listen.port = 1;
  }, TypeError);
});

test('the default listens on loopback port 8080 in embedded mode with limits on', () => {
  const { listen, mode, rate_limits, parser, drain_seconds } = loadConfig({ variables: {} });
  assert.deepEqual(listen, { host: '127.0.0.1', port: 8080, open: null });
  assert.deepEqual([mode, rate_limits, parser.sandbox, drain_seconds], ['embedded', 'on', 'full', 5]);
});

test('file, environment and command line win over each other in this order', (t) => {
  const path = file(t, 'data_folder: /from/file\nlisten:\n  port: 1\nworkers:\n  count: 3\nlog_level: warn\n');
  const config = loadConfig({
    file: path,
    variables: { FROSTBYTE_PORT: '2', FROSTBYTE_WORKERS: '4' },
    overrides: { data_folder: '/from/line' },
  });
  assert.equal(config.log_level, 'warn');
  assert.equal(config.listen.port, 2);
  assert.equal(config.listen.host, '127.0.0.1', 'a section keeps what the file does not say');
  assert.equal(config.workers.count, 4);
  assert.equal(config.data_folder, '/from/line');
});

test('the file may be named by the environment', (t) => {
  const path = file(t, 'drain_seconds: 7\n');
  assert.equal(loadConfig({ variables: { FROSTBYTE_CONFIG: path } }).drain_seconds, 7);
  assert.equal(loadConfig({ variables: {}, file: file(t, '') }).drain_seconds, 5, 'an empty file says nothing');
});

test('every problem of file and environment is told at once', (t) => {
  const found = problems({
    file: file(t, 'log_level: loud\nworker:\n  count: 1\nlisten:\n  port: 99999\n'),
    variables: { FROSTBYTE_WORKERS: 'many', FROSTBYTE_HOST: '', FROSTBYTE_DATEN: '/x' },
  });
  assert.deepEqual(Object.keys(found).sort(), [
    'FROSTBYTE_DATEN',
    'FROSTBYTE_HOST',
    'FROSTBYTE_WORKERS',
    'listen.port',
    'log_level',
    'worker',
  ]);
});

test('a mistyped name is answered with the nearest one', (t) => {
  const found = problems({
    file: file(t, 'log_levl: info\nparser:\n  memory: 1\n'),
    variables: { FROSTBYTE_PROT: '1', FROSTBYTE_SOMETHING_ELSE: '1' },
  });
  assert.equal(found.log_levl, 'unknown setting; did you mean log_level?');
  assert.equal(found.FROSTBYTE_PROT, 'unknown variable; did you mean FROSTBYTE_PORT?');
  assert.equal(found.FROSTBYTE_SOMETHING_ELSE, 'unknown variable');
  assert.match(found['parser.memory']!, /unknown setting/);
});

test('a mistyped name within a section finds its path, and a name of another section its place', (t) => {
  const found = problems({
    file: file(
      t,
      'port: 1\nworkers:\n  cuont: 1\n  timeout_seconds: 5\n  lease: 9\nparser.sandbox: full\nlisten:\n  nothing_like_it: 1\n',
    ),
  });
  assert.deepEqual(found, {
    port: 'unknown setting; did you mean listen.port?',
    'workers.cuont': 'unknown setting; did you mean workers.count?',
    'workers.timeout_seconds': 'unknown setting; did you mean parser.timeout_seconds?',
    'workers.lease': 'unknown setting; did you mean workers.lease_seconds?',
    'parser.sandbox': 'unknown setting; sections are nested: write sandbox under parser',
    'listen.nothing_like_it': 'unknown setting',
  });
});

test('a variable finds the one that sets what its name says, and never a stranger', () => {
  const variables = {
    FROSTBYTE_DATA_FOLDER: '/x',
    FROSTBYTE_LISTEN_PORT: '1',
    FROSTBYTE_MEMORY_MB: '1',
    FROSTBYTE_UNHEARD_OF: '/x',
    FROSTBYTE_: '1',
  };
  assert.deepEqual(problems({ variables }), {
    FROSTBYTE_DATA_FOLDER: 'unknown variable; did you mean FROSTBYTE_DATA?',
    FROSTBYTE_LISTEN_PORT: 'unknown variable; did you mean FROSTBYTE_PORT?',
    FROSTBYTE_MEMORY_MB: 'unknown variable; did you mean FROSTBYTE_PARSER_MEMORY_MB?',
    FROSTBYTE_UNHEARD_OF: 'unknown variable',
    FROSTBYTE_: 'unknown variable',
  });
});

test('a value that is not on offer is answered with what is, and with the nearest', (t) => {
  const found = problems({
    file: file(t, 'log_level: wran\nmode: embeded\nrate_limits: true\nparser:\n  sandbox: none\n'),
  });
  assert.deepEqual(found, {
    mode: 'must be one of embedded, stack; did you mean embedded?',
    log_level: 'must be one of debug, info, warn, error, silent; did you mean warn?',
    rate_limits: 'must be one of on, off',
    'parser.sandbox': 'must be one of full, reduced',
  });
});

test('a blank is no value: not of a number, not of a text, not of a path on the command line', (t) => {
  for (const blank of ['', ' ', '\t']) {
    assert.deepEqual(
      problems({ variables: { FROSTBYTE_PORT: blank, FROSTBYTE_DATA: blank, FROSTBYTE_CONFIG: blank } }),
      {
        FROSTBYTE_PORT: 'must be a number',
        FROSTBYTE_DATA: 'must not be empty',
        FROSTBYTE_CONFIG: 'must not be empty',
      },
    );
    assert.deepEqual(problems({ overrides: { data_folder: blank } }), { data_folder: 'must not be empty' });
    assert.deepEqual(problems({ file: blank }), { '--config': 'must not be empty' });
  }
  assert.ok('scanner.clamd' in problems({ file: file(t, 'scanner:\n  clamd: ""\n') }));
});

test('a number is written in digits', () => {
  for (const text of ['0x1f90', '8e3', 'Infinity', '80 80', '1_000', '٣'])
    assert.equal(problems({ variables: { FROSTBYTE_PORT: text } }).FROSTBYTE_PORT, 'must be a number', text);
  assert.match(problems({ variables: { FROSTBYTE_PORT: '80.5' } })['listen.port']!, /int/);
  assert.equal(loadConfig({ variables: { FROSTBYTE_PORT: '8081 ' } }).listen.port, 8081);
});

test('a problem shows what was given and which variable gave it', () => {
  assert.throws(
    () => loadConfig({ variables: { FROSTBYTE_PORT: '99999', FROSTBYTE_LOG_LEVEL: 'loud' } }),
    ({ message }: Error) =>
      /listen\.port: .*\(given: 99999, from FROSTBYTE_PORT\)/.test(message) &&
      /log_level: .*\(given: "loud", from FROSTBYTE_LOG_LEVEL\)/.test(message),
  );
});

test('the scanner is named by an address or by a path', () => {
  for (const clamd of ['127.0.0.1:3310', '[::1]:3310', 'localhost:1', '/run/clamav/clamd.ctl', './clamd.sock'])
    assert.equal(loadConfig({ variables: { FROSTBYTE_CLAMD: clamd } }).scanner.clamd, clamd);
  for (const clamd of ['localhost', '3310', ':3310', 'clamd:port', '::1:3310'])
    assert.match(problems({ variables: { FROSTBYTE_CLAMD: clamd } })['scanner.clamd']!, /host:port/, clamd);
});

test('plain HTTP stays on loopback', () => {
  for (const host of ['127.0.0.1', '::1'])
    assert.equal(loadConfig({ variables: { FROSTBYTE_HOST: host } }).listen.host, host);
  for (const host of ['0.0.0.0', '::', '192.168.1.5', '127.0.0.1.example.org', 'example.org', '127.1']) {
    assert.match(problems({ variables: { FROSTBYTE_HOST: host } })['listen.host']!, /loopback/, host);
  }
});

test('with stores over TLS another Qdrant is spoken to over TLS too', () => {
  const overrides = (tls: string, qdrant: string) => ({ overrides: { stack: { tls, qdrant } } });
  assert.deepEqual(Object.keys(problems(overrides('on', 'http://qdrant.example:6333'))), ['stack.qdrant']);
  for (const [tls, url] of [
    ['on', 'https://qdrant.example:6333'],
    ['off', 'http://qdrant.example:6333'],
  ] as const)
    assert.equal(loadConfig({ variables: {}, ...overrides(tls, url) }).stack.qdrant, url);
});

test('texts are sent to an endpoint over TLS, or to one on loopback', () => {
  const overrides = (url: string) => ({ variables: {}, overrides: { embedder: { endpoint: { url } } } });
  for (const url of ['http://models.example/v1', 'http://127.0.0.1.example/v1', 'ftp://127.0.0.1/']) {
    assert.match(problems(overrides(url))['embedder.endpoint.url']!, /https/, url);
  }
  for (const url of ['https://models.example/v1', 'http://127.0.0.1:8090/v1', 'http://[::1]:8090/v1']) {
    assert.equal(loadConfig(overrides(url)).embedder.endpoint.url, url);
  }
});

test('an address of an endpoint that holds a secret is refused and not repeated', () => {
  for (const url of ['https://u:sesame@models.example/v1', 'https://models.example/v1?key=sesame']) {
    assert.throws(
      () => loadConfig({ variables: { FROSTBYTE_ENDPOINT: url } }),
      (error: Error) => /key_file/.test(error.message) && !error.message.includes('sesame'),
    );
  }
});

test('stack mode never does with a reduced sandbox', () => {
  const overrides = { mode: 'stack', parser: { sandbox: 'reduced' } };
  assert.match(problems({ overrides })['parser.sandbox']!, /embedded/);
  assert.equal(loadConfig({ variables: {}, overrides: { parser: { sandbox: 'reduced' } } }).parser.sandbox, 'reduced');
});

test('a file that is missing, no YAML or no mapping is one problem with its path', (t) => {
  assert.match(Object.values(problems({ file: '/nowhere/frostbyte.yaml' }))[0]!, /ENOENT/);
  assert.match(Object.values(problems({ file: file(t, 'a: [1\nb') }))[0]!, /is not YAML/);
  assert.match(Object.values(problems({ file: file(t, '- a\n- b\n') }))[0]!, /names and values/);
  assert.match(Object.values(problems({ file: file(t, 'just text') }))[0]!, /names and values/);
  const latin1 = file(t, '');
  writeFileSync(latin1, Buffer.from('data_folder: /f\xfcr\n', 'latin1'));
  assert.equal(problems({ file: latin1 })[latin1], 'is not UTF-8 text');
});

test('every slip of a file’s syntax is told, beside the mistakes of the environment', (t) => {
  const path = file(t, 'log_level: info\nlog_level: warn\nmode: !secret embedded\nmode: stack\n');
  assert.throws(
    () => loadConfig({ file: path, variables: { FROSTBYTE_PORT: 'x' } }),
    ({ details }: FrostbyteError) => {
      const constraints = details.map(({ constraint }) => constraint).join('\n');
      assert.equal(details.length, 4, constraints);
      assert.match(constraints, /unique at line 2[\s\S]*unique at line 4[\s\S]*tag: !secret at line 3[\s\S]*a number/);
      return true;
    },
  );
});

test('aliases cannot blow a small file up, and prototype keys are only unknown names', (t) => {
  const bomb = file(t, 'a: &a [1]\nb: [*a, *a]\n');
  assert.deepEqual(problems({ file: bomb }), { [bomb]: 'uses aliases (*name); write the value out' });
  problems({ file: file(t, '__proto__:\n  polluted: true\n') });
  problems({ file: file(t, 'constructor: 1\n') });
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('a section given a plain value is refused by its name', (t) => {
  assert.ok('listen' in problems({ file: file(t, 'listen: 8080\n') }));
  // A section whose lines are all commented out; other mistakes are told beside it.
  for (const section of ['listen', 'workers', 'parser', 'scanner'])
    assert.deepEqual(
      Object.keys(problems({ file: file(t, `mode: stack\n${section}:\ndrain_seconds: many\n`) })).sort(),
      ['drain_seconds', section].sort(),
    );
});

test('the inbox and the data folder keep apart; the default has no inbox', () => {
  assert.equal(loadConfig({ variables: {} }).inbox.folder, null);
  const ask = (folder: string) => ({ overrides: { data_folder: '/srv/data', inbox: { folder } } });
  for (const folder of ['/srv/data', '/srv/data/inbox', '/srv', '/srv/data/../data/x', '/'])
    assert.match(problems(ask(folder))['inbox.folder'] ?? '', /outside/, folder);
  for (const folder of ['/srv/inbox', '/srv/data2'])
    assert.equal(loadConfig({ variables: {}, ...ask(folder) }).inbox.folder, folder);
});

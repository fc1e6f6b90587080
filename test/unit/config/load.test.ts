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
  assert.deepEqual(listen, { host: '127.0.0.1', port: 8080 });
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

test('plain HTTP stays on loopback', () => {
  for (const host of ['127.0.0.1', '::1'])
    assert.equal(loadConfig({ variables: { FROSTBYTE_HOST: host } }).listen.host, host);
  for (const host of ['0.0.0.0', '::', '192.168.1.5', '127.0.0.1.example.org', 'example.org', '127.1']) {
    assert.match(problems({ variables: { FROSTBYTE_HOST: host } })['listen.host']!, /loopback/, host);
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
});

test('aliases cannot blow a small file up, and prototype keys are only unknown names', (t) => {
  assert.ok(Object.keys(problems({ file: file(t, 'a: &a [1]\nb: [*a, *a]\n') })).length > 0);
  problems({ file: file(t, '__proto__:\n  polluted: true\n') });
  problems({ file: file(t, 'constructor: 1\n') });
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('a section given a plain value is refused by its name', (t) => {
  assert.ok('listen' in problems({ file: file(t, 'listen: 8080\n') }));
  assert.ok('workers' in problems({ file: file(t, 'workers: null\n') }));
});

/**
 * Builds `dist/`: the bundles, the native add-ons and binary parts they need, and the launcher. The folder runs from
 * anywhere with the pinned Node beside it (`bin/node` in a package) or in `.toolchain/`.
 */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ASSET_FILES } from '../appliance/data/2-parse/assets.ts';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'dist');
const modules = join(root, 'node_modules');

/** Packages with native code or files of their own: copied beside the bundles, not into them. */
const EXTERNAL = ['better-sqlite3', 'sqlite-vec', 'onnxruntime-node', 'onnxruntime-common'];

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

await build({
  entryPoints: {
    daemon: 'appliance/bin/daemon.ts',
    worker: 'appliance/bin/worker.ts',
    'parse-child': 'appliance/bin/parse-child.ts',
    'search-thread': 'appliance/bin/search-thread.ts',
    'hash-thread': 'appliance/bin/hash-thread.ts',
    'data-plane': 'appliance/bin/data-plane.ts',
    role: 'appliance/bin/role.ts',
    embedder: 'appliance/bin/embedder.ts',
    'embedder-thread': 'appliance/bin/embedder-thread.ts',
    health: 'appliance/bin/health.ts',
    'network-probe': 'appliance/bin/network-probe.ts',
    cli: 'appliance/bin/cli.ts',
  },
  absWorkingDir: root,
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  splitting: true,
  // Beside the entries: what finds its files by its own address must find them from a chunk too.
  chunkNames: 'shared-[hash]',
  minifySyntax: true,
  // Lines stay: a log names them.
  legalComments: 'linked',
  external: EXTERNAL,
  plugins: [extendedZod(), zodInEnglish()],
  // A library's debug lines repeat what was sent (file names among it), for whoever sets an environment variable.
  alias: { debug: './scripts/no-debug.mjs' },
  define: { 'process.env.FROSTBYTE_BUNDLED': '"1"' },
  // CommonJS packages inside an ES module bundle still ask for `require`.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

await buildUi();

const arch = process.arch;
copyPackage('better-sqlite3', ['package.json', 'LICENSE', 'lib', `prebuilds/linux-${arch}.node`]);
copyPackage('sqlite-vec', ['package.json', 'index.mjs', 'index.cjs']);
copyPackage('onnxruntime-node', ['package.json', 'dist', `bin/napi-v6/linux/${arch}`]);
copyPackage('onnxruntime-common', ['package.json', 'dist/cjs']);
copyPackage(`sqlite-vec-linux-${arch}`, ['package.json', 'vec0.so']);
copyAssets();
cpSync(join(root, 'host'), join(out, 'host'), { recursive: true });

writeFileSync(
  join(out, 'package.json'),
  `${JSON.stringify({ name: 'frostbyte', version, private: true, type: 'module' }, null, 2)}\n`,
);
writeFileSync(
  join(out, 'frostbyte'),
  `#!/bin/sh
# Starts Frostbyte on the Node runtime that came with it, without the debugger that a signal would open.
here=$(dirname -- "$(readlink -f -- "$0")")
for node in "$here/bin/node" "$here/../bin/node" "$here/../.toolchain/node/bin/node"; do
  if [ -x "$node" ]; then exec "$node" --disable-sigusr1 --disable-warning=ExperimentalWarning "$here/cli.mjs" "$@"; fi
done
echo "frostbyte: no Node runtime beside $here; run make build, or unpack the whole package" >&2
exit 2
`,
);
chmodSync(join(out, 'frostbyte'), 0o755);

/** What browsers load, each file under a name that holds its hash, and the list of those names. */
async function buildUi(): Promise<void> {
  const folder = join(out, 'assets/ui');
  const source = 'appliance/ui';
  const { metafile } = await build({
    entryPoints: ['client/page.ts', 'client/hash-files.ts', 'style/style.css'].map((file) => `${source}/${file}`),
    absWorkingDir: root,
    outdir: folder,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox115', 'safari16.4'],
    metafile: true,
    logLevel: 'warning',
  });
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const mark = readFileSync(join(root, source, 'style/mark.svg'));
  names.push(`mark-${createHash('sha256').update(mark).digest('hex').slice(0, 8).toUpperCase()}.svg`);
  writeFileSync(join(folder, names.at(-1)!), mark);
  const list = Object.fromEntries(names.map((name) => [name.replace(/-[A-Z0-9]{8}\./, '.'), name]));
  writeFileSync(join(folder, 'assets.json'), `${JSON.stringify(list, null, 2)}\n`);
}

/**
 * The bundler keeps the order in which parts are evaluated only where one names something of the other, and nobody names
 * what `api/zod.ts` does to zod. Here it makes a name of its own, so that every schema comes behind it.
 */
function extendedZod(): Plugin {
  return {
    name: 'extended-zod',
    setup(builder) {
      builder.onLoad({ filter: /\/appliance\/api\/zod\.ts$/ }, () => ({
        contents: `import { extendZodWithOpenApi, z as zod } from '@hono/zod-openapi';
          extendZodWithOpenApi(zod);
          export const z = zod;`,
        loader: 'js',
        resolveDir: join(root, 'appliance/api'),
      }));
    },
  };
}

/** Its sentences in fifty languages are a tenth of all that a process loads; ours are made of its codes. */
function zodInEnglish(): Plugin {
  return {
    name: 'zod-in-english',
    setup(builder) {
      builder.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
        contents: "export { default as en } from './en.js';",
        loader: 'js',
        resolveDir: join(modules, 'zod/v4/locales'),
      }));
    },
  };
}

function copyPackage(name: string, files: string[]): void {
  for (const file of files) {
    const from = realpathSync(join(modules, name, file));
    cpSync(from, join(out, 'node_modules', name, file), { recursive: true, dereference: true });
  }
}

/** Binary parts of the parser: the table that the parser itself looks them up in. */
function copyAssets(): void {
  for (const { package: name, file, to } of ASSET_FILES)
    cpSync(realpathSync(join(modules, name, file)), join(out, 'assets', to));
}

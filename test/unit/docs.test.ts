import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../appliance/cli/main.ts';

/** What the documents say, held against what is there. */
const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const PAGES = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })].sort();

interface PackageFile {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  license?: string;
}

/** The rows of a page's tables below this heading: cells without their blanks, headings and rules left out. */
function tableBelow(page: string, heading: string): string[][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/dependencies.md', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as PackageFile;
  for (const [heading, declared] of [
    ['Shipped', dependencies],
    ['For building and testing', devDependencies],
  ] as const) {
    const rows = tableBelow(read('docs/dependencies.md'), heading);

    it(`names each package of "${heading}" once and no other`, () => {
      const named = rows.flatMap(([names]) => names!.split(', '));
      assert.deepEqual(named.toSorted(), Object.keys(declared).sort());
    });

    it(`tells the licences of "${heading}" as the packages do, and a reason for each`, () => {
      for (const [names, licence, reason] of rows) {
        assert.ok(reason, `${names} has no reason`);
        for (const name of names!.split(', ')) {
          const { license } = JSON.parse(read(`node_modules/${name}/package.json`)) as PackageFile;
          // Some write a licence's name without its version, or in brackets.
          const told = license?.replace(/^\((.*)\)$/, '$1').replace(/\bApache$/, 'Apache-2.0');
          assert.equal(licence, told, name);
        }
      }
    });
  }

  it('names each program that is compiled here, with its licence and a reason', () => {
    const rows = tableBelow(read('docs/dependencies.md'), 'Compiled from their modules');
    const compiled = [...read('scripts/go-programs.txt').matchAll(/^([a-z-]+) +\S+ +v\S+ +h1:\S+=/gm)].map(
      ([, name]) => name,
    );
    assert.ok(compiled.length > 0);
    assert.deepEqual(
      rows.map(([name]) => name),
      compiled,
    );
    for (const [name, licence, reason] of rows) assert.ok(licence && reason, name);
  });

  it('pins every package to one version', () => {
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
  });
});

describe('docs/pictures', () => {
  const shown = PAGES.flatMap((page) =>
    [...read(page).matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, says, target]) => ({
      page,
      says,
      target: target!,
    })),
  );
  const kept = globSync('docs/pictures/*', { cwd: ROOT });

  it('are those that the documents show, each with what is to be seen on it, and no others', () => {
    assert.ok(shown.length > 0);
    for (const { page, says, target } of shown) assert.ok(says!.length > 20, `${page}: ${target} says nothing`);
    const named = new Set(shown.map(({ page, target }) => join(dirname(page), target)));
    assert.deepEqual([...named].sort(), kept.toSorted());
  });

  it('are small pictures, which a package carries for nothing', () => {
    const bytes = kept.map((file) => readFileSync(join(ROOT, file)));
    for (const [at, picture] of bytes.entries()) {
      assert.equal(picture.toString('latin1', 0, 4) + picture.toString('latin1', 8, 12), 'RIFFWEBP', kept[at]);
      assert.equal(picture.readUInt32LE(4) + 8, picture.length, `${kept[at]} is whole`);
    }
    assert.ok(bytes.reduce((sum, { length }) => sum + length, 0) < 1_500_000);
  });
});

describe('package-lock.json', () => {
  const text = read('package-lock.json');
  const { packages } = JSON.parse(text) as {
    packages: Record<string, Partial<Record<string, unknown>> & { integrity?: string }>;
  };

  it('names no registry and has an integrity hash for every package', () => {
    assert.doesNotMatch(text, /"resolved"/);
    for (const [path, entry] of Object.entries(packages)) {
      if (path !== '') assert.match(entry.integrity ?? '', /^sha512-/, path);
    }
  });

  it('holds everything that its packages ask for, so that a fresh clone installs', () => {
    const missing: string[] = [];
    for (const [path, entry] of Object.entries(packages)) {
      const wanted = { ...(entry.dependencies ?? {}), ...(entry.optionalDependencies ?? {}) };
      for (const name of Object.keys(wanted)) {
        // Where Node looks: below the package itself, then below each folder above it.
        const parts = path === '' ? [] : path.split(/\/?node_modules\//).slice(1);
        const places = parts.map((_, at) =>
          parts
            .slice(0, at + 1)
            .map((part) => `node_modules/${part}`)
            .join('/'),
        );
        const found = ['', ...places].some((place) => `${place ? `${place}/` : ''}node_modules/${name}` in packages);
        if (!found) missing.push(`${path} → ${name}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});

describe('the pages', () => {
  it('link to files that exist', () => {
    const broken: string[] = [];
    for (const page of PAGES) {
      for (const [, target] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target!)) continue;
        const file = join(ROOT, dirname(page), target!.replace(/#.*$/, ''));
        if (!existsSync(file)) broken.push(`${page} → ${target}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it('leave nothing to be filled in, and have each table in one piece', () => {
    for (const page of PAGES) {
      const text = read(page).replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '');
      assert.doesNotMatch(text, /@@|\bT(?:ODO|BD)\b|\bXXX\b/, page);
      // A row behind an empty line is no row; a table begins with its headings and their rule.
      for (const [, row] of text.matchAll(/\n\n(\|.*)\n(?!\| ?:?-)/g)) assert.fail(`${page}: ${row}`);
    }
  });

  it('name source files that exist', () => {
    const roots = ['', 'appliance/'];
    const absent: string[] = [];
    for (const page of PAGES.filter((path) => !path.startsWith('docs/samples'))) {
      for (const [, path] of read(page).matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)) {
        if (!/^(?:appliance|scripts|test|docs|api|cli|control|data|gateway|stores|bin)\//.test(path!)) continue;
        if (!roots.some((root) => existsSync(join(ROOT, root, path!)))) absent.push(`${page}: ${path}`);
      }
    }
    assert.deepEqual(absent, []);
  });
});

/** The words of a shell command: quotes and `$(…)` keep together; a comment, redirection or drawn line ends it. */
function shellWords(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g) ?? [];
  const end = words.findIndex((word) => /^(?:[|&;<>#─]|\d?>)/.test(word));
  return (end === -1 ? words : words.slice(0, end)).map((word) => word.replaceAll(/^["']|["']$/g, ''));
}

/** Every `frostbyte …` of the pages: lines of code blocks, `code` in the text, and what stands within `$(…)`. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/^ {4}(.*)$/gm), ...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)]
    .flatMap(([, block]) => block!.split('\n'))
    .flatMap((line) => [
      line.replaceAll(/\$\([^)]*\)/g, 'X'),
      ...[...line.matchAll(/\$\(([^)]*)\)/g)].map(([, inner]) => inner!),
    ]);
  const inline = text
    .split('\n')
    .filter((line) => !line.startsWith('    '))
    .join('\n')
    .matchAll(/`([^`]+)`/g);
  return [...blocks, ...[...inline].map(([, code]) => code!.replaceAll(/\s+/g, ' '))].filter((line) =>
    /^(?:\w+=\S+ )*(?:dist\/)?frostbyte /.test(line.trim()),
  );
}

const PROGRAM = await createProgram();

/** The first thing wrong with a command line by the program's own tree, or null. Nothing is run. */
function judge(line: string): string | null {
  const words = shellWords(line.trim().replace(/^(?:\w+=\S+ )*(?:dist\/)?frostbyte /, ''));
  let command: Command = PROGRAM;
  const path = [command];
  const values: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word.startsWith('-')) {
      const name = word.split('=')[0]!;
      if (name === '--help' || name === '--version') continue;
      const option = path.flatMap(({ options }) => options).find(({ long, short }) => long === name || short === name);
      if (!option) return `${command.name()} has no option ${name}`;
      if ((option.required || option.optional) && !word.includes('=')) {
        at += 1;
        if (words[at] === undefined) return `${name} wants a value`;
      }
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    if (next) {
      command = next;
      path.push(next);
    } else if (command.commands.length > 0) return `${command.name()} has no command ${word}`;
    else values.push(word);
  }
  const wanted = command.registeredArguments;
  if (values.length > wanted.length && !wanted.at(-1)?.variadic) return `${command.name()} takes fewer words`;
  return null;
}

describe('the command lines of the pages', () => {
  const lines = PAGES.flatMap((page) => commandLines(read(page)).map((line) => [page, line] as const));

  it('are found: this test looks at something', () => {
    assert.ok(lines.length >= 25, `${lines.length} lines`);
    assert.ok(lines.some(([, line]) => line.includes('token issue')));
  });

  it('are commands and options that there are', () => {
    const wrong = lines.flatMap(([page, line]) => {
      const problem = judge(line);
      return problem ? [`${page}: ${line.trim()}: ${problem}`] : [];
    });
    assert.deepEqual(wrong, []);
  });

  it('would be found out if they were not', () => {
    assert.match(judge('frostbyte tenant destroy nordlaw') ?? '', /no command destroy/);
    assert.match(judge('frostbyte search nordlaw lease --top 3') ?? '', /no option --top/);
    assert.match(judge('frostbyte dlq show nordlaw one two') ?? '', /fewer words/);
    assert.equal(judge('dist/frostbyte --reason "first look" search nordlaw notice period'), null);
  });

  it('stand in the help pages too, as examples that parse', () => {
    const wrong: string[] = [];
    const visit = (command: Command, names: string[]) => {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) });
      command.outputHelp();
      const examples = [...help.matchAll(/^Example:\n {2}(.*)$/gm)].map(([, line]) => line!);
      if (command.commands.length === 0 && names.length > 0 && examples.length === 0)
        wrong.push(`${names.join(' ')}: no example`);
      for (const example of examples) {
        const inner = /\$\((frostbyte [^)]*)\)/.exec(example)?.[1] ?? example.replace(/^.*\| (?=frostbyte)/, '');
        const problem = judge(inner);
        if (problem) wrong.push(`${example}: ${problem}`);
      }
      for (const sub of command.commands) visit(sub, [...names, sub.name()]);
    };
    visit(PROGRAM, []);
    assert.deepEqual(wrong, []);
  });
});

describe('the Makefile of the package', () => {
  const file = 'host/bundle/Makefile';
  const targets = [...read(file).matchAll(/^([a-z-]+): ## (.+)\n((?:\t.*\n)+)/gm)].map(([, name, says, recipe]) => ({
    name: name!,
    says: says!,
    recipe: recipe!,
  }));

  it('has what a field engineer types on a box, each told in a line', () => {
    const told = execFileSync('make', ['--silent', `--file=${join(ROOT, file)}`], { encoding: 'utf8' });
    for (const { name, says } of targets) assert.ok(told.includes(`make ${name} `) && told.includes(says), name);
    const named = targets.map(({ name }) => name);
    assert.deepEqual(/^\.PHONY: (.*)$/m.exec(read(file))![1]!.split(' '), named);
    const wanted =
      'preflight install start stop restart status verify logs upgrade rollback backup restore export boundary doctor support uninstall';
    assert.deepEqual(named, ['help', ...wanted.split(' ')]);
  });

  it('runs commands that there are', () => {
    const lines = targets.flatMap(({ recipe }) => [...recipe.matchAll(/\$\(FROSTBYTE\)( [a-z -]+) \$\(ARGS\)/g)]);
    assert.ok(lines.length >= 9);
    for (const [line, words] of lines) assert.equal(judge(`frostbyte${words}`), null, line);
  });
});

describe('the layer table of docs/architecture.md', () => {
  /** `{ folder: what it may import }` as scripts/check-layers.ts has it. */
  const source = read('scripts/check-layers.ts');
  const may = new Function(`return ${/const MAY[^=]*= (\{[\s\S]*?\n\});/.exec(source)![1]}`)() as Record<
    string,
    string[]
  >;
  const rows = tableBelow(read('docs/architecture.md'), 'Who may import whom').map(
    ([folders, allowed]) => [[...folders!.matchAll(/`([a-z]+)\/`/g)].map(([, name]) => name!), allowed!] as const,
  );

  it('has a row for each folder of appliance/, once', () => {
    assert.deepEqual(rows.flatMap(([folders]) => folders).sort(), Object.keys(may).sort());
  });

  it('allows what the check allows', () => {
    for (const [folders, allowed] of rows) {
      const named = new Set([...allowed.matchAll(/`([a-z]+)(?:\/[^`]*)?`/g)].map(([, name]) => name!));
      for (const folder of folders) {
        const expected = allowed.startsWith('everything')
          ? Object.keys(may).filter((name) => name !== folder)
          : [...named];
        const missing = expected.filter((name) => name in may && name !== folder && !may[folder]!.includes(name));
        const unsaid = may[folder]!.filter((name) => !expected.includes(name));
        assert.deepEqual({ missing, unsaid }, { missing: [], unsaid: [] }, `${folder}/`);
      }
    }
  });
});

describe('the Makefile', () => {
  it('lists every target in `make help`, with what it does', () => {
    const phony = /^\.PHONY: (.*)$/m.exec(read('Makefile'))![1]!.split(' ');
    const help = execFileSync('make', ['--no-print-directory', 'help'], { cwd: ROOT, encoding: 'utf8' });
    const listed = [...help.matchAll(/^ {2}make ([a-z-]+) +\S/gm)].map(([, name]) => name!);
    assert.deepEqual(listed.toSorted(), phony.toSorted());
  });

  it('has every target that the pages name', () => {
    const phony = /^\.PHONY: (.*)$/m.exec(read('Makefile'))![1]!.split(' ');
    for (const page of PAGES) {
      for (const [, target] of read(page).matchAll(/(?:^ {4}|`)make ([a-z][a-z-]*)/gm))
        assert.ok(phony.includes(target!), `${page}: make ${target}`);
    }
  });
});

describe('the files of the project', () => {
  const files = globSync('{*,.ci/*,appliance/**/*,bench/**/*,docs/**/*,manifests/**/*,scripts/**/*,test/**/*}', {
    cwd: ROOT,
  }).filter(
    (file) =>
      /(?:\.(?:ts|tsx|mjs|json|md|sql|yaml|yml|c)|\/[a-z-]+|Makefile)$/.test(file) &&
      !/\.(?:pdf|docx|xlsx)$/.test(file),
  );

  it('name no place of the machine they were written on, and no registry', () => {
    const found: string[] = [];
    // Put together here, so that this file does not hold what it looks for.
    const places = new RegExp(['/(?:work|root|home)', '/[a-z]'].join(''));
    const registries = new RegExp(['registry', '(?:npmjs|yarnpkg)'].join('\\.'));
    for (const file of files) {
      let text: string;
      try {
        text = read(file);
      } catch {
        continue;
      }
      for (const [at, line] of text.split('\n').entries()) {
        const match = places.exec(line);
        const ours = match && !/[\w.}~:]$/.test(line.slice(0, match.index));
        if (ours || registries.test(line)) found.push(`${file}:${at + 1}: ${line.trim().slice(0, 100)}`);
      }
    }
    assert.deepEqual(found, []);
  });
});

describe('docs/COMPATIBILITY.md', () => {
  const page = read('docs/COMPATIBILITY.md');
  const { requirements } = JSON.parse(read('manifests/release.json')) as {
    requirements: Record<'kernel' | 'cpus' | 'memory_bytes' | 'disk_bytes' | 'docker_engine' | 'docker_compose', never>;
  };
  const GIBIBYTE = 2 ** 30;
  const needed = Object.fromEntries(tableBelow(page, 'Needed').map(([what, least]) => [what, least]));

  it('says what preflight enforces', () => {
    assert.deepEqual(
      [needed.kernel, needed.processors, needed.memory, needed.disk, needed['Docker Engine'], needed['Docker Compose']],
      [
        requirements.kernel,
        `${requirements.cpus}`,
        `${requirements.memory_bytes / GIBIBYTE} GiB`,
        `${requirements.disk_bytes / GIBIBYTE} GiB`,
        requirements.docker_engine,
        requirements.docker_compose,
      ],
    );
  });

  it('reckons with its own figures', () => {
    const memory = tableBelow(page, 'Memory').map(([what, figure]) => [what!, Number(figure)] as const);
    const core = memory.find(([what]) => what.startsWith('core stack'))![1];
    const tenant = memory.find(([what]) => what.startsWith('a tenant'))![1];
    const [, tenants, each, stack, sum] =
      /: (\d+)? ?× ?(\d+) \+ (\d+) = ([\d.]+) GiB/.exec(page.replace('Fifty tenants', 'Tenants')) ?? [];
    assert.deepEqual([Number(tenants), Number(each), Number(stack)], [50, tenant, core]);
    assert.equal(sum, ((50 * tenant + core) / 1024).toFixed(1));
  });
});

describe('docs/CHANGELOG.md', () => {
  it('has a chapter for each release that was counted, the newest first', () => {
    const { counters } = JSON.parse(read('manifests/release.json')) as { counters: Record<string, number> };
    const chapters = [...read('docs/CHANGELOG.md').matchAll(/^## (\d+\.\d+\.\d+)$/gm)].map(([, version]) => version!);
    const released = Object.entries(counters).toSorted(([, one], [, other]) => other - one);
    assert.deepEqual(
      chapters,
      released.map(([version]) => version),
    );
  });
});

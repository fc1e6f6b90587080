import { fail, pass, warn } from '../../../../bundle/preflight/check.ts';
import { type Check, listed, of } from '../check.ts';
import type { FileFacts } from '../facts.ts';

const AGAIN = 'Find out who changed it; then run install.sh from the medium again, which puts back what it wrote.';

/** That what lies on this host is what was delivered, byte for byte, and what the installer wrote. */
export const FILE_CHECKS: readonly Check[] = [
  {
    name: 'release-current',
    group: 'Files',
    title: 'The release that runs',
    judge: ({ release, version }) =>
      of(release, ({ current, own }) => {
        if (current === null) return fail('none is the current one', 'Run install.sh from the medium.');
        if (own !== current)
          return fail(
            `${current} is the current one, and this program is of ${own ?? 'none'}`,
            'Verify with the program of the release that runs: frostbyte verify.',
          );
        return pass(`${version}, at ${current}`);
      }),
  },
  {
    name: 'release-signed',
    group: 'Files',
    title: 'Its manifest is signed',
    judge: ({ release }) =>
      of(release, ({ signed }) => of(signed, (signer) => pass(`by ${signer}, whom this host’s anchor lets sign`))),
  },
  {
    name: 'release-files',
    group: 'Files',
    title: 'Its files, byte for byte',
    judge: ({ release }) =>
      of(release, ({ problems, files, signed }) => {
        if (problems.length > 0)
          return fail(
            listed(problems),
            'Move the folder of this release away and run install.sh from the medium again. Find out who changed it before.',
          );
        if ('unknown' in signed)
          return fail('there is no manifest that could be believed', 'See “Its manifest is signed”.');
        return pass(`${files}, each as the manifest says`);
      }),
  },
  {
    name: 'release-owned',
    group: 'Files',
    title: 'Root’s alone to change',
    judge: ({ release }) =>
      of(release, ({ loose }) =>
        loose.length === 0
          ? pass('nobody else can')
          : fail(listed(loose), 'chown -R root:root and chmod -R go-w; and see whether its bytes are right.'),
      ),
  },
  {
    name: 'units',
    group: 'Files',
    title: 'Services as installed',
    judge: ({ files, services }) =>
      of(files, ({ units }) =>
        of(services, ({ units: loaded }) => {
          const added = loaded.flatMap(({ name, drop_ins }) =>
            drop_ins === '' ? [] : [`${name} has ${drop_ins} beside it`],
          );
          const stale = loaded.flatMap(({ name, reload }) => (reload ? [`${name} runs as an older file said`] : []));
          const wrong = [...units.map(problemLine), ...added, ...stale];
          return wrong.length === 0
            ? pass('as this release writes them, nothing beside them')
            : fail(listed(wrong), AGAIN);
        }),
      ),
  },
  {
    name: 'trust',
    group: 'Files',
    title: 'Trust in bundles',
    judge: ({ files }) =>
      of(files, ({ trust }) => written(trust, 'the anchor and what was known, as it was installed')),
  },
  {
    name: 'command',
    group: 'Files',
    title: 'The command frostbyte',
    judge: ({ files }) => of(files, ({ command }) => written(command, 'leads to the current release')),
  },
  {
    name: 'folders',
    group: 'Files',
    title: 'Folders and who may look',
    judge: ({ files }) =>
      of(files, ({ folders }) =>
        folders ? pass('with the modes that they were made with') : fail('not there, or open to others', AGAIN),
      ),
  },
  {
    name: 'settings',
    group: 'Files',
    title: 'Settings',
    judge: ({ files }) =>
      of(files, ({ settings: { path, loose, changed } }) => {
        if (loose) return fail(`somebody else than root can write ${path}`, `chown root: ${path}; chmod 644 ${path}`);
        if (changed)
          return warn(
            `${path} is not what the installer wrote`,
            'They are the site’s to change: frostbyte config print shows what is in force.',
          );
        return pass('as the installer wrote them');
      }),
  },
  {
    name: 'operation',
    group: 'Files',
    title: 'Operations',
    judge: ({ files }) =>
      of(files, ({ unfinished }) =>
        unfinished === null
          ? pass('none is unfinished')
          : fail(`${unfinished} is neither done nor rolled back`, 'frostbyte plan resume, or frostbyte plan rollback'),
      ),
  },
  {
    name: 'evidence',
    group: 'Files',
    title: 'Evidence of this host',
    judge: ({ files }) =>
      of(files, ({ evidence }) =>
        of(evidence, (records) =>
          records > 0
            ? pass(`${records} records, in an unbroken chain`)
            : fail(
                'there is none, not even of the installation',
                'Compare with the last export: frostbyte evidence export.',
              ),
        ),
      ),
  },
];

const problemLine = ({ path, problem }: FileFacts['units'][number]): string => `${path} ${problem}`;

const written = (problems: FileFacts['units'], right: string) =>
  problems.length === 0 ? pass(right) : fail(listed(problems.map(problemLine)), AGAIN);

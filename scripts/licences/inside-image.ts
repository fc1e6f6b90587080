/**
 * What an image of others is made of: the packages that its own databases name, each with what it says of its licence, and the
 * image's own program, which is all that belongs to no package.
 */
import type { BuiltImage } from '../images/build.ts';
import { filesOfImage, type ImageFiles } from '../images/image-files.ts';
import { packagesIn } from '../images/installed.ts';
import type { ForeignImage } from '../images/lock.ts';
import { type DebianPackage, debianParts, sourceOf } from './debian.ts';
import { type Component, type LicencePolicy, textsByPeople } from './policy.ts';

const DPKG = 'var/lib/dpkg/status';
/** One file a package: images without a shell are made so. */
const DPKG_PARTS = /^var\/lib\/dpkg\/status\.d\/(?!.*\.md5sums$)[^/]+$/;
/** Which files a package brought. */
const DPKG_LISTS = /^var\/lib\/dpkg\/info\/[^/]+\.list$/;
const DPKG_SUMS = /^var\/lib\/dpkg\/status\.d\/[^/]+\.md5sums$/;
const APK = /^(?:usr\/)?lib\/apk\/db\/installed$/;
const COPYRIGHT = /^usr\/share\/doc\/[^/]+\/copyright$/;
const COMMON = /^usr\/share\/common-licenses\/[^/]+$/;
const APK_LICENCE = /^usr\/share\/licenses\/([^/]+)\/[^/]+$/;
const RELEASE = /^(?:etc|usr\/lib)\/os-release$/;
const WANTED = [DPKG_PARTS, DPKG_LISTS, DPKG_SUMS, APK, COPYRIGHT, COMMON, APK_LICENCE, RELEASE];
/** Databases of packages that nothing here reads: what they name would be missing in silence. */
const UNREAD = /^(?:var\/lib\/rpm|usr\/lib\/sysimage\/rpm|var\/lib\/pacman\/local)\/[^/]+$/;
/** Scripts of packages, which their database keeps. */
const OF_DATABASES = /^(?:var\/lib\/dpkg|(?:usr\/)?lib\/apk)\//;

/**
 * The components of an image of others: those packages in the order of their databases, the image's own program last, under
 * the name, version and licence of the lock. What a program is linked from stands in none of them. Throws for an image whose
 * layers, or whose packages, cannot be read. O(bytes).
 */
export async function foreignComponents(
  { name, version, licence }: Pick<ForeignImage, 'name' | 'version' | 'licence'>,
  built: Pick<BuiltImage, 'folder' | 'tag' | 'manifest_digest'>,
  policy: LicencePolicy,
): Promise<Component[]> {
  const files = await filesOfImage(built, (path) => path === DPKG || WANTED.some((one) => one.test(path)));
  const unread = [...files.all.keys()].find((path) => UNREAD.test(path));
  if (unread !== undefined)
    throw new Error(
      `the image ${name} keeps its packages in ${unread}, which nothing here reads: its parts are not known`,
    );
  const owned = ownedIn(files);
  const loose = [...files.all]
    .filter(([path, { program }]) => program !== null && !owned.has(place(path)) && !OF_DATABASES.test(path))
    .map(([path, { program }]) => ({ path: `/${path}`, ...program! }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return [
    ...dpkgParts(files, policy),
    ...apkParts(files, policy),
    {
      ecosystem: 'generic',
      name,
      version,
      sha256: built.manifest_digest.replace('sha256:', ''),
      says: [licence],
      programs: loose,
    },
  ];
}

function dpkgParts(files: ImageFiles, policy: LicencePolicy): Component[] {
  const distribution = distributionOf(files);
  const common = textsUnder(files, COMMON);
  const found = [files.textOf(DPKG) ?? '', ...textsUnder(files, DPKG_PARTS)].flatMap(packagesIn);
  return debianParts(
    found.map(({ source, ...names }): DebianPackage => {
      const text = files.textOf(`usr/share/doc/${names.name}/copyright`) ?? '';
      const texts = names.name === 'base-files' && common.length > 0 ? [common.join('')] : [];
      return { ...names, ...distribution, ...sourceOf(source, names), text, common: texts };
    }),
    policy,
  );
}

/** `P:` name, `V:` version, `A:` architecture, `L:` licence, `o:` what it was built from; a paragraph each. */
function apkParts(files: ImageFiles, policy: LicencePolicy): Component[] {
  const distribution = distributionOf(files);
  const licences = Map.groupBy(files.all.keys(), (path) => APK_LICENCE.exec(path)?.[1] ?? '');
  return paragraphsOfApk(files).map((paragraph): Component => {
    const field = (letter: string) => new RegExp(`^${letter}:(.+)$`, 'm').exec(paragraph)?.[1]?.trim() ?? '';
    const [name, version, arch, licence, origin] = ['P', 'V', 'A', 'L', 'o'].map(field) as [string, ...string[]];
    const texts = (licences.get(name) ?? []).map((path) => files.textOf(path) ?? '').filter((text) => text !== '');
    return {
      ecosystem: 'apk',
      name,
      version: version!,
      arch: arch!,
      ...distribution,
      source: `${origin || name} ${version}`,
      says: licence === '' ? [] : [licence!],
      texts: texts.length > 0 ? texts : textsByPeople(policy, `apk/${name}`),
    };
  });
}

const paragraphsOfApk = (files: ImageFiles): string[] =>
  textsUnder(files, APK)
    .flatMap((text) => text.split(/\n\n+/))
    .filter((paragraph) => /^P:/m.test(paragraph));

/** The places of all files that packages brought. */
function ownedIn(files: ImageFiles): ReadonlySet<string> {
  const owned = new Set<string>();
  for (const line of textsUnder(files, DPKG_LISTS).flatMap((text) => text.split('\n'))) owned.add(place(line));
  for (const line of textsUnder(files, DPKG_SUMS).flatMap((text) => text.split('\n')))
    owned.add(place(line.replace(/^[0-9a-f]+ +/, '')));
  for (const paragraph of paragraphsOfApk(files)) {
    let folder = '';
    for (const line of paragraph.split('\n')) {
      if (line.startsWith('F:')) folder = line.slice(2);
      else if (line.startsWith('R:')) owned.add(place(`${folder}/${line.slice(2)}`));
    }
  }
  return owned;
}

/** `/lib` is `/usr/lib` on most systems, and their lists of files say now one, now the other. */
const place = (path: string): string =>
  path.replace(/^(?:\.?\/)+/, '').replace(/^usr\/(?=(?:bin|sbin|lib|lib32|lib64|libx32)\/)/, '');

/** Of links what they lead to stands there once. */
const textsUnder = ({ all }: ImageFiles, pattern: RegExp): string[] =>
  [...all]
    .filter(([path, { target }]) => target === null && pattern.test(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { text }]) => text ?? '');

function distributionOf(files: ImageFiles): { distribution?: string } {
  const id = textsUnder(files, RELEASE)
    .map((text) => /^ID="?([a-z0-9._-]+)"?$/m.exec(text)?.[1])
    .find((one) => one !== undefined);
  return id === undefined ? {} : { distribution: id };
}

import { type Check, fail, gibibytes, pass, type Verdict, warn } from '../check.ts';
import type { Disk, Facts } from '../facts.ts';
import type { Needs } from '../needs.ts';

/** Those on which locks and syncs hold what they promise. */
const GOOD = new Set(['ext4', 'xfs', 'btrfs', 'ext3', 'zfs', 'f2fs']);
const NETWORK = new Set(['nfs', 'nfs4', 'cifs', 'smb3', 'fuse.sshfs', 'ceph', '9p', 'glusterfs', 'fuse.glusterfs']);
/** Files and folders of a release, its images and its first documents. */
const INODES = 200_000;
/** What documents get at least, whatever the rest takes. */
const LEAST_DATA = 4 * 2 ** 30;

/** What lies where, in the order in which the facts have them. */
const PLACES = ['programs', 'data', 'images'] as const;
type Place = (typeof PLACES)[number];

function diskOf({ disks }: Facts, place: Place): Disk | undefined {
  return disks[PLACES.indexOf(place)];
}

/** Bytes that a place still needs. A release that is there already needs no room for itself. */
function needOf(place: Place, { installation }: Facts, needs: Needs): number {
  const isThere = installation.version === needs.version;
  const programs = isThere ? 0 : needs.program_bytes;
  const images = isThere ? 0 : needs.image_bytes;
  if (place === 'programs') return programs;
  if (place === 'images') return images;
  if (installation.data) return LEAST_DATA;
  return Math.max(LEAST_DATA, needs.requirements.disk_bytes - needs.program_bytes - needs.image_bytes);
}

/** A disk has to hold all that is to lie on it. */
function judgeRoom(place: Place, facts: Facts, needs: Needs): Verdict {
  const disk = diskOf(facts, place);
  if (disk === undefined) return fail('unknown', 'Look at it: df -h. It cannot be told what there is.');
  const sharing = PLACES.filter((other) => {
    const its = diskOf(facts, other);
    return its !== undefined && its.mount === disk.mount && its.device === disk.device;
  });
  const needed = sharing.reduce((sum, each) => sum + needOf(each, facts, needs), 0);
  const where = `${gibibytes(disk.free_bytes)} free at ${disk.mount}`;
  const whom = sharing.length > 1 ? ` for ${sharing.join(', ')}` : '';
  if (disk.options.includes('ro'))
    return fail(`${disk.mount} is mounted read-only`, `mount -o remount,rw ${disk.mount}`);
  return disk.free_bytes >= needed
    ? pass(where)
    : fail(
        `${where}; ${gibibytes(needed)} are needed${whom}`,
        `Free some, enlarge that disk, or mount another at ${disk.path}.`,
      );
}

const room = (name: string, title: string, place: Place): Check => ({
  name,
  group: 'Disks',
  title,
  strict: false,
  judge: (facts, needs) => judgeRoom(place, facts, needs),
});

/** Room, and what kind of disks. */
export const DISK_CHECKS: readonly Check[] = [
  room('disk-programs', 'Room for the release', 'programs'),
  room('disk-data', 'Room for documents', 'data'),
  room('disk-images', 'Room for images', 'images'),
  {
    name: 'inodes',
    group: 'Disks',
    title: 'Room for names',
    strict: false,
    judge({ disks }) {
      const short = disks.find(({ free_inodes: free }) => free !== null && free < INODES);
      return short === undefined
        ? pass('enough')
        : fail(
            `${short.free_inodes} inodes free at ${short.mount}; ${INODES} are needed`,
            'Delete small files there, or make the file system anew with more inodes (mkfs.ext4 -N).',
          );
    },
  },
  {
    name: 'file-system',
    group: 'Disks',
    title: 'File systems',
    strict: false,
    judge({ disks }) {
      const data = disks.filter(({ path }) => path.includes('/var/'));
      const bad = data.find(({ type }) => NETWORK.has(type) || ['tmpfs', 'overlay', 'vfat', 'exfat'].includes(type));
      if (bad !== undefined) {
        return fail(
          `${bad.type} at ${bad.mount}`,
          'Documents belong on a local disk with ext4 or XFS: locks and syncs must hold there.',
        );
      }
      if (data.length === 0) return warn('unknown', 'Look at it: findmnt -T /var/lib. ext4 and XFS were tested.');
      const types = [...new Set(data.map(({ type }) => type))];
      const unknown = types.find((type) => !GOOD.has(type));
      return unknown === undefined
        ? pass(types.join(', '))
        : warn(unknown, 'It was never tested with this one. ext4 and XFS were.');
    },
  },
  {
    name: 'executable',
    group: 'Disks',
    title: 'Programs may run',
    strict: true,
    judge(facts) {
      const disk = diskOf(facts, 'programs');
      if (disk === undefined) return fail('unknown', 'Look whether /opt is mounted with noexec: findmnt /opt');
      return disk.options.includes('noexec')
        ? fail(`${disk.mount} is mounted noexec`, `mount -o remount,exec ${disk.mount}, and in /etc/fstab.`)
        : pass(`at ${disk.mount}`);
    },
  },
  {
    name: 'disk-encryption',
    group: 'Disks',
    title: 'Disk encryption',
    strict: false,
    judge({ disks }) {
      const data = disks.filter(({ path }) => path.includes('/var/'));
      const open = data.find(({ encrypted }) => encrypted === false);
      if (open !== undefined) {
        return warn(`${open.device} is not encrypted`, 'Put /var on LUKS: not all that lies there is encrypted by us.');
      }
      return data.length > 0 && data.every(({ encrypted }) => encrypted === true)
        ? pass('yes')
        : warn('unknown', 'Make sure that what lies below the file system is encrypted.');
    },
  },
];

import type { Box } from '../../../../scripts/box/box.ts';
import { fillDisk } from '../full-disk.ts';

/** What befalls an operation that lives on. */
export interface Trouble {
  name: string;
  /** It is there until it is ended: nothing else befalls that run. Else it is over by itself, and may come again. */
  lasts: boolean;
  /** What a run says that comes to no good end for it. */
  says: RegExp;
  /** Brings it about; what ends it. */
  begin(box: Box): Promise<() => void>;
}

export const TROUBLES: Readonly<Record<string, Trouble>> = Object.freeze({
  'disk full': {
    name: 'disk full',
    lasts: true,
    says: /DISK_FULL: [^\n]*The disk of \/[^\n]* is full[^\n]*Free some space/,
    begin: async (box: Box) => fillDisk(box),
  },
  'Docker restarted': {
    name: 'Docker restarted',
    lasts: false,
    says: /^(?:OPERATION_FAILED|SERVICE_UNAVAILABLE|STORE_UNAVAILABLE): .{20,}/m,
    async begin(box: Box) {
      // An engine that is restarted more often than its unit allows is not started any more, which is another trouble.
      await box.must('sh', '-c', 'systemctl reset-failed docker.service; systemctl restart docker.service');
      return () => undefined;
    },
  },
});

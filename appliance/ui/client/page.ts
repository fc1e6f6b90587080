import { copyButtons } from './copy.ts';
import { livingMoments } from './moments.ts';

/** The one client: it makes pages livelier, and every page that can works without it. */
copyButtons();
livingMoments();

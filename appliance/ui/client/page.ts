import { copyButtons } from './copy.ts';
import { liveBatch } from './live-batch.ts';
import { livingMoments } from './moments.ts';
import { reloadingPage } from './reload.ts';
import { pageUnderWay } from './under-way.ts';
import { uploadPage } from './upload/page.ts';

/** The one client: it makes pages livelier, and every page that can works without it. */
copyButtons();
livingMoments();
liveBatch();
reloadingPage();
uploadPage();
pageUnderWay();

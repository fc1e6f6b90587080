import { cancelContract } from './record/cancel.ts';
import { concurrencyContract } from './record/concurrency.ts';
import { decisionContract } from './record/decisions.ts';
import { erasureContract } from './record/erasures.ts';
import { intakeContract } from './record/intake.ts';
import { languageContract } from './record/languages.ts';
import { listContract } from './record/lists.ts';
import { metadataContract } from './record/metadata.ts';
import { reindexContract } from './record/reindex.ts';
import { relayContract } from './record/relay.ts';
import { reprocessContract } from './record/reprocess.ts';
import { searchContract } from './record/search.ts';
import { stageContract } from './record/stages.ts';
import { uploadContract } from './record/uploads.ts';
import type { MakeRecords } from './record/world.ts';

/** What every record store does, whatever it is built on. An adapter runs it from a file of a few lines. */
export function recordContract(name: string, makeStore: MakeRecords): void {
  intakeContract(name, makeStore);
  stageContract(name, makeStore);
  listContract(name, makeStore);
  searchContract(name, makeStore);
  languageContract(name, makeStore);
  metadataContract(name, makeStore);
  decisionContract(name, makeStore);
  relayContract(name, makeStore);
  uploadContract(name, makeStore);
  cancelContract(name, makeStore);
  erasureContract(name, makeStore);
  reprocessContract(name, makeStore);
  reindexContract(name, makeStore);
  concurrencyContract(name, makeStore);
}

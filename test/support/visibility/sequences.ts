import fc from 'fast-check';
import { Action, NOTHING, type Run, type Shared } from './action.ts';
import {
  cancel,
  cancelRequest,
  receipts,
  reprocessBatch,
  reprocessBelow,
  resend,
  run,
  runWith,
  submit,
} from './batch-actions.ts';
import { KINDS } from './contents.ts';
import { decideLetter, decideLetters } from './dead-letter-actions.ts';
import { erase, reject, release, reprocess, review } from './document-actions.ts';
import { drop, lookIntoInbox } from './inbox-actions.ts';
import { DESKS, type Rules } from './model.ts';
import * as around from './surroundings.ts';
import { beginUpload, giveUp, goOn, submitUpload } from './upload-actions.ts';

/** Which actions there are, how often each comes, and sequences of them. */

const DAY = 86_400_000;
const MINUTE = 60_000;

const kinds = fc.array(fc.nat(KINDS.length - 1), { minLength: 1, maxLength: 3 });
/** Which of those that it could be about. */
const nth = fc.nat(11);
const start = fc.constantFrom('parse' as const, 'policy' as const, 'embed' as const);
const setOrLift = fc.constantFrom('set' as const, 'set' as const, 'lift' as const);
const span = fc.constantFrom(
  ['no time passes', 0] as const,
  ['ten minutes pass', 10 * MINUTE] as const,
  ['twelve days pass', 12 * DAY] as const,
  ['a month passes', 31 * DAY] as const,
);
const terms: fc.Arbitrary<Partial<Rules>> = fc.record(
  {
    pii_policy: fc.constantFrom('redact', 'flag', 'block'),
    injection_quarantine_scope: fc.constantFrom('chunk', 'chunk', 'document'),
    classification_review_enabled: fc.boolean(),
    retention_days: fc.constantFrom(30, 60),
  },
  { requiredKeys: [] },
);

const trouble = fc.record({
  stage: fc.constantFrom('parse' as const, 'policy' as const, 'embed' as const, 'index' as const),
  all: fc.boolean(),
});
const letterAction = fc.constantFrom('retry' as const, 'retry' as const, 'skip' as const, 'manual_fix' as const);
const desk = fc.constantFrom(...DESKS);
/** How much of a file comes at once. */
const share = fc.constantFrom(0, 0.4, 1, 1);
const some = fc.constantFrom(0.5, 1, 1);

/** Mostly the first tenant: what the other must never see should be much. */
const place = fc.constantFrom(0, 0, 0, 0, 0, 1);

type Told = readonly [told: string, run: Run];
const always = (told: string, act: Run) => fc.constant<Told>([told, act]);
const submitted = fc
  .tuple(kinds, desk, fc.option(fc.nat(2), { freq: 3 }))
  .map(
    ([these, where, wrong]): Told => [
      `submit ${these.map((each, at) => `${KINDS[each]}${at === wrong ? ' (wrong metadata)' : ''}`)} for ${where}`,
      submit(these, where, wrong),
    ],
  );

const ACTIONS: readonly [weight: number, told: fc.Arbitrary<Told>][] = [
  [5, submitted],
  [2, nth.map((n): Told => ['send … again', resend(n)])],
  [7, always('run to rest', run)],
  [
    3,
    trouble.map(
      (what): Told => [`run while ${what.stage} gives up ${what.all ? 'all' : 'every second'}`, runWith(what)],
    ),
  ],
  [
    3,
    fc.tuple(nth, letterAction).map(([n, action]): Told => [`${action} … among dead letters`, decideLetter(n, action)]),
  ],
  [
    1,
    fc
      .tuple(letterAction, fc.option(fc.constantFrom('parse' as const, 'embed' as const)))
      .map(
        ([action, stage]): Told => [`${action} all dead letters of ${stage ?? 'all'}`, decideLetters(action, stage)],
      ),
  ],
  [
    2,
    fc
      .tuple(fc.nat(KINDS.length - 1), share)
      .map(([kind, part]): Told => [`begin an upload of ${KINDS[kind]}, ${part} of it`, beginUpload(kind, part)]),
  ],
  [
    2,
    fc
      .tuple(nth, some, fc.constantFrom(false, false, false, true))
      .map(([n, part, astray]): Told => [`go on with …${astray ? ' astray' : ''}`, goOn(n, part, astray)]),
  ],
  [3, fc.tuple(nth, desk).map(([n, where]): Told => [`submit … for ${where}`, submitUpload(n, where)])],
  [1, nth.map((n): Told => ['give … up', giveUp(n)])],
  [
    2,
    fc
      .tuple(kinds, desk)
      .map(([these, where]): Told => [`drop ${these.map((one) => KINDS[one])} for ${where}`, drop(these, where)]),
  ],
  [3, always('look into the inbox', lookIntoInbox)],
  [
    2,
    fc.tuple(nth, fc.boolean()).map(([n, approve]): Told => [`review …`, review(n, approve ? 'approve' : 'correct')]),
  ],
  [
    3,
    fc
      .tuple(nth, fc.constantFrom('redact' as const, 'flag' as const))
      .map(([n, pii]): Told => [`release … (${pii})`, release(n, pii)]),
  ],
  [2, nth.map((n): Told => ['reject …', reject(n)])],
  [2, terms.map((change): Told => [`terms ${JSON.stringify(change)}`, around.configure(change)])],
  [
    3,
    fc
      .tuple(terms, nth, start)
      .map(
        ([change, n, from]): Told => [
          `terms ${JSON.stringify(change)}, … again from ${from}, run`,
          anew(change, n, from),
        ],
      ),
  ],
  [2, fc.tuple(nth, start).map(([n, from]): Told => [`reprocess … from ${from}`, reprocess(n, from)])],
  [1, fc.tuple(nth, start).map(([n, from]): Told => [`reprocess … from ${from}`, reprocessBatch(n, from)])],
  [1, always('reprocess all below the terms of now', reprocessBelow('policy'))],
  [2, nth.map((n): Told => ['erase …', erase(n)])],
  [2, nth.map((n): Told => ['cancel …', cancel(n)])],
  [1, nth.map((n): Told => ['cancel a request to run again', cancelRequest(n)])],
  [1, nth.map((n): Told => ['reprocess all below the terms of now, and think better of it', thinkBetter(n)])],
  [1, nth.map((n): Told => ['read the receipts of …', receipts(n)])],
  [1, setOrLift.map((action): Told => [`${action} a hold on the tenant`, around.hold(action, around.theTenant)])],
  [
    2,
    fc
      .tuple(nth, setOrLift)
      .map(([n, action]): Told => [`${action} a hold on …`, around.hold(action, around.theDocument(n))]),
  ],
  [
    1,
    fc
      .tuple(nth, setOrLift)
      .map(([n, action]): Told => [`${action} a hold on …`, around.hold(action, around.theBatch(n))]),
  ],
  [1, always('suspend', around.suspend)],
  [2, always('resume', around.resume)],
  [1, always('greta opens break-glass', around.openGlass)],
  [1, always('search', around.search)],
  [2, span.map(([told, ms]): Told => [told, around.wait(ms)])],
  [1, always('restart', around.restart)],
];

/** Other terms, and what came before is run again under them. */
function anew(change: Partial<Rules>, n: number, from: 'parse' | 'policy' | 'embed'): Run {
  return async (session, tenant) => {
    if (tenant.isSuspended || tenant.batches.size === 0) return NOTHING;
    await around.configure(change)(session, tenant);
    const batch = await reprocessBatch(n, from)(session, tenant);
    await run(session, tenant);
    return batch;
  };
}

/** A request that is cancelled before anything came of it. */
function thinkBetter(n: number): Run {
  return async (session, tenant) => {
    await reprocessBelow('policy')(session, tenant);
    await cancelRequest(n)(session, tenant);
  };
}

const action = (told: fc.Arbitrary<Told>) =>
  fc.tuple(told, place).map(([[name, act], at]) => new Action(name, at, act));

/** Terms and a batch that a sequence begins with, and at most `longest` actions behind it. */
export function sequences(longest: number) {
  const first = fc.tuple(
    terms.map((change) => new Action(`terms ${JSON.stringify(change)}`, 0, around.configure(change))),
    submitted.map(([told, act]) => new Action(told, 0, act)),
  );
  const each = ACTIONS.flatMap(([weight, told]) => Array.from({ length: weight }, () => action(told)));
  return fc.tuple(first, fc.commands<object, Shared, false>(each, { maxCommands: longest, size: 'max' }));
}

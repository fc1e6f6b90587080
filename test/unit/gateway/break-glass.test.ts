import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROUTES } from '../../../appliance/api/routes.ts';
import type { BreakGlassStanding } from '../../../appliance/control/verbs.ts';
import { reasonToOpen, whileOpen } from '../../../appliance/gateway/break-glass.ts';
import type { Caller, Role } from '../../../appliance/kernel/identity.ts';

const caller = (role: Role): Caller => ({
  subject: 'frode',
  role,
  scopes: ['query'],
  tenant_id: role === 'admin' || role === 'auditor' ? null : 'acme',
  jti: 'j',
});
const standing = (answer: Partial<BreakGlassStanding> = {}) => ({
  breakGlassStanding: async (tenant: string, subject: string) => {
    assert.deepEqual([tenant, subject], ['acme', 'frode']);
    return { grant: null, ended_at: null, ...answer };
  },
});
const nobodyAsks = {
  breakGlassStanding: async () => {
    throw new Error('the registry is asked for nothing');
  },
};
const grant = { grant_id: 'g' } as BreakGlassStanding['grant'];

test('a reason in the header opens; the registry need not be asked', async () => {
  const reason = await reasonToOpen(nobodyAsks, ROUTES.search, caller('admin'), 'acme', ' court order 12/26 ');
  assert.equal(reason, 'court order 12/26');
});

test('a reason is read as it was written, in UTF-8 and in Latin-1', async () => {
  for (const encoding of ['utf8', 'latin1'] as const) {
    const header = Buffer.from('Prüfung æøå', encoding).toString('latin1');
    const reason = await reasonToOpen(nobodyAsks, ROUTES.search, caller('admin'), 'acme', header);
    assert.equal(reason, 'Prüfung æøå', encoding);
  }
});

test('a live grant needs no reason', async () => {
  assert.equal(await reasonToOpen(standing({ grant }), ROUTES.search, caller('admin'), 'acme', undefined), null);
});

test('without grant and reason the look is refused, and says what to do', async () => {
  for (const header of [undefined, '', '   '])
    await assert.rejects(reasonToOpen(standing(), ROUTES.search, caller('admin'), 'acme', header), {
      code: 'INSUFFICIENT_PERMISSIONS',
      message: /break-glass only.*frostbyte tenant break-glass open.*X-Break-Glass-Reason/,
    });
});

test('a reason that cannot be written down is refused, also beside a live grant', async () => {
  for (const header of ['x'.repeat(501), 'a\u0007b', 'a\u001b[31m'])
    await assert.rejects(reasonToOpen(standing({ grant }), ROUTES.search, caller('admin'), 'acme', header), {
      code: 'INSUFFICIENT_PERMISSIONS',
      message: /one line of 1 to 500 characters/,
    });
});

test('nobody else and no other route needs break-glass', async () => {
  for (const role of ['tenant_user', 'tenant_admin'] as const)
    assert.equal(await reasonToOpen(nobodyAsks, ROUTES.search, caller(role), 'acme', undefined), null);
  assert.equal(await reasonToOpen(nobodyAsks, ROUTES.auditEvents, caller('admin'), 'acme', undefined), null);
  assert.equal(await reasonToOpen(nobodyAsks, ROUTES.auditEvents, caller('admin'), 'acme', 'why'), null);
});

/** A download of pieces that come one by one, and whether its source was let go. */
function slowDownload() {
  const source = { isLeft: false };
  async function* pieces() {
    try {
      for (const piece of ['one', 'two', 'three', 'four']) yield Buffer.from(piece);
    } finally {
      source.isLeft = true;
    }
  }
  const body = ReadableStream.from(pieces()) as ReadableStream<Uint8Array>;
  return { source, answer: new Response(body, { status: 200, headers: { 'content-length': '15' } }) };
}

test('a download goes on while the grant is live, and breaks once it was closed or is over', async () => {
  let isLive = true;
  let ms = 0;
  let asked = 0;
  const control = {
    breakGlassStanding: async (tenant: string, subject: string) => {
      assert.deepEqual([tenant, subject], ['acme', 'frode']);
      asked += 1;
      return { grant: isLive ? grant : null, ended_at: null };
    },
  };
  const watched = (answer: Response) => whileOpen(control, caller('admin'), 'acme', answer, () => ms);

  assert.equal(await watched(slowDownload().answer).text(), 'onetwothreefour');
  assert.equal(asked, 0, 'what is quick is not looked at again');

  const { source, answer } = slowDownload();
  const shown = watched(answer);
  assert.deepEqual([shown.status, shown.headers.get('content-length')], [200, '15']);
  const reader = shown.body!.getReader();
  ms += 1000;
  assert.equal(Buffer.from((await reader.read()).value!).toString(), 'one');
  assert.equal(asked, 1);
  isLive = false;
  ms += 1000;
  await assert.rejects(
    async () => {
      while (!(await reader.read()).done);
    },
    { code: 'INSUFFICIENT_PERMISSIONS', message: /ended while the answer was on its way/ },
  );
  assert.equal(source.isLeft, true, 'nobody reads on behind it');
  assert.equal(whileOpen(control, caller('admin'), 'acme', new Response(null, { status: 204 })).status, 204);
});

import type { KeyObject } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { PlaneAddress } from '../../api/plane/handover.ts';
import {
  CHANNEL_PATH,
  CHANNEL_PROTOCOL,
  INTERNAL_PREFIX,
  PLANE_TABLE,
  type PlaneTable,
  QUESTION_TABLE,
  type QuestionTable,
} from '../../api/plane/tables.ts';
import { callVerbs, type VerbCaller } from '../../api/rpc/call-verbs.ts';
import { httpWay } from '../../api/rpc/http-way.ts';
import { type Handlers, serveVerbs } from '../../api/rpc/serve-verbs.ts';
import { ASSERTION_HEADER, signControlAssertion } from '../../api/seam.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

/** A plane that control has dialled. */
export interface DialledPlane {
  /** What control asks of it. */
  ask: VerbCaller<PlaneTable>;
  /** Resolves when the channel is closed; the plane may have ended, or only the connection. */
  closed: Promise<void>;
  close(): void;
}

const CONNECTIONS = 8;
const CONNECT_MS = 2000;

/**
 * Opens the channel to a tenant's plane: one connection, dialled by control with its signed assertion, on which from then
 * on the plane asks and `answers` answers. Throws `SERVICE_UNAVAILABLE` where the plane does not take it.
 */
export async function dialPlane(
  tenantId: string,
  address: PlaneAddress,
  key: KeyObject,
  answers: Handlers<QuestionTable>,
): Promise<DialledPlane> {
  const socket = await openChannel(tenantId, address, key);
  const questions = questionServer(answers);
  questions.emit('connection', socket);
  const way = httpWay(address, CONNECTIONS);
  const ask = callVerbs(PLANE_TABLE, way, {
    whom: 'The tenant’s data plane',
    prefix: INTERNAL_PREFIX,
    headers: async (path) => ({ [ASSERTION_HEADER]: await signControlAssertion(key, tenantId, path) }),
  });
  return {
    ask,
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
    close() {
      socket.destroy();
      questions.close();
      way.destroy();
    },
  };
}

/** Answers on a connection that was opened by us and stays open: it has no limit of time. */
function questionServer(answers: Handlers<QuestionTable>): Server {
  const server = createServer(
    { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 },
    serveVerbs(QUESTION_TABLE, answers),
  );
  server.timeout = 0;
  return server;
}

async function openChannel(tenantId: string, address: PlaneAddress, key: KeyObject): Promise<Socket> {
  const assertion = await signControlAssertion(key, tenantId, CHANNEL_PATH);
  const to = 'socket' in address ? { socketPath: address.socket } : { host: address.host, port: address.port };
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown) =>
      reject(
        new FrostbyteError('SERVICE_UNAVAILABLE', 'The tenant’s data plane does not answer yet.', {
          cause,
          retryAfter: 1,
        }),
      );
    const asking = request({
      ...to,
      path: CHANNEL_PATH,
      method: 'POST',
      timeout: CONNECT_MS * 5,
      agent: false,
      headers: { connection: 'upgrade', upgrade: CHANNEL_PROTOCOL, [ASSERTION_HEADER]: assertion },
    });
    asking.on('upgrade', (_answer, socket: Socket) => {
      socket.setTimeout(0);
      socket.setKeepAlive(true, 10_000);
      resolve(socket);
    });
    asking.on('response', (answer) => {
      answer.resume();
      refuse(answer.statusCode);
    });
    asking.on('timeout', () => asking.destroy(new Error('timeout')));
    asking.on('error', refuse);
    asking.end();
  });
}

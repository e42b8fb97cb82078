import type { BusConnection } from '@pentaprism/bus';
import type { RequestOf, ResponseOf, Rpc } from '@pentaprism/contracts';

type Reply<R extends Rpc> = (request: RequestOf<R>, workspace: string) => ResponseOf<R>;

/**
 * Returns a function that answers calls in the place of another service. An error with a code that the reply throws is the
 * answer of the call.
 *
 * @param before resolves before each call is answered; what it throws is the answer
 */
export function answerCalls(connection: BusConnection, before: (subject: string) => Promise<void> = async () => {}) {
  return <R extends Rpc>(rpc: R, reply: Reply<R>): void => {
    const respond = async (request: unknown, workspace: string) => {
      try {
        await before(rpc.subject);
        return { ok: true, data: reply(rpc.request.parse(request) as RequestOf<R>, workspace) };
      } catch (error) {
        const { code = 'INTERNAL', message } = error as Error & { code?: string };
        return { ok: false, error: { code, message, details: {} } };
      }
    };
    connection.nats.subscribe(connection.prefix + rpc.subject, {
      callback: (_error, message) => {
        const workspace = message.headers?.get('Pentaprism-Workspace') ?? '';
        void respond(message.json(), workspace).then((answer) => message.respond(JSON.stringify(answer)));
      },
    });
  };
}

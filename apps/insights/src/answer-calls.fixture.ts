import type { BusConnection } from '@pentaprism/bus';
import type { RequestOf, ResponseOf, Rpc } from '@pentaprism/contracts';

/** Answers calls in the place of a service that insights calls. The reply to an error has its code and message. */
export function answerCalls<R extends Rpc>(
  { nats, prefix }: BusConnection,
  rpc: R,
  reply: (request: RequestOf<R>, workspace: string) => ResponseOf<R>,
): void {
  const respond = (request: unknown, workspace: string) => {
    try {
      return { ok: true, data: reply(rpc.request.parse(request) as RequestOf<R>, workspace) };
    } catch (error) {
      const { code = 'INTERNAL', message } = error as Error & { code?: string };
      return { ok: false, error: { code, message, details: {} } };
    }
  };
  nats.subscribe(prefix + rpc.subject, {
    callback: (_error, message) => {
      const workspace = message.headers?.get('Pentaprism-Workspace') ?? '';
      message.respond(JSON.stringify(respond(message.json(), workspace)));
    },
  });
}

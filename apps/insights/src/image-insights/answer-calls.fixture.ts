import type { BusConnection } from '@pentaprism/bus';
import type { RequestOf, ResponseOf, Rpc } from '@pentaprism/contracts';

/** Answers calls in the place of a service that insights calls. An error is answered with its code and message. */
export function answerCalls<R extends Rpc>(
  { nats, prefix }: BusConnection,
  rpc: R,
  reply: (request: RequestOf<R>) => ResponseOf<R>,
): void {
  const respond = (request: unknown) => {
    try {
      return { ok: true, data: reply(rpc.request.parse(request) as RequestOf<R>) };
    } catch (error) {
      const { code = 'INTERNAL', message } = error as Error & { code?: string };
      return { ok: false, error: { code, message, details: {} } };
    }
  };
  nats.subscribe(prefix + rpc.subject, {
    callback: (_error, message) => void message.respond(JSON.stringify(respond(message.json()))),
  });
}

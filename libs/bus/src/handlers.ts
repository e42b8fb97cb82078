import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { Fact, FactData, ParsedRequestOf, ResponseOf, Rpc } from '@pentaprism/contracts';
import type { CallContext } from '@pentaprism/observability';

/** What a handler is told besides the request. */
export type HandlerContext = CallContext;

type RpcMethod<R extends Rpc> = (request: ParsedRequestOf<R>, context: HandlerContext) => Promise<ResponseOf<R>>;
type FactMethod<F extends Fact> = (data: FactData<F>, context: HandlerContext) => Promise<void>;

/** Without these marks Nest hands over the payload only. */
function passBoth(target: object, key: string): void {
  Payload()(target, key, 0);
  Ctx()(target, key, 1);
}

/** Marks a controller's method as the handler of a contract; the method's types are checked against it. */
export function RpcHandler<R extends Rpc>(rpc: R) {
  const decorate = MessagePattern(rpc.subject, { rpc }) as MethodDecorator;
  return <M extends RpcMethod<R>>(target: object, key: string, descriptor: TypedPropertyDescriptor<M>): void => {
    decorate(target, key, descriptor);
    passBoth(target, key);
  };
}

/**
 * Marks a controller's method as a durable consumer of a fact. It may be called more than once for one fact, so it is
 * idempotent; when it throws, the fact comes again later, and at last goes to the dead-letter subject.
 */
export function FactHandler<F extends Fact>(fact: F) {
  const decorate = EventPattern(fact.name, { fact }) as MethodDecorator;
  return <M extends FactMethod<F>>(target: object, key: string, descriptor: TypedPropertyDescriptor<M>): void => {
    decorate(target, key, descriptor);
    passBoth(target, key);
  };
}

import type { FastifyInstance } from 'fastify';

/** A JSON body that is written already, for answers that are the same many times over. */
export class SerializedJson {
  constructor(readonly text: string) {}
}

/** Lets handlers answer with `SerializedJson` wherever they may answer with an object. */
export function acceptSerializedJson(fastify: FastifyInstance): void {
  fastify.setReplySerializer((payload) => (payload instanceof SerializedJson ? payload.text : JSON.stringify(payload)));
}

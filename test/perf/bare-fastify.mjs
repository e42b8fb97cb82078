/** Answers every request with the body that it was sent at the start, serialized anew as any API has to. */
import Fastify from 'fastify';

process.once('message', async (text) => {
  const body = JSON.parse(text);
  const fastify = Fastify();
  fastify.get('/', async () => body);
  process.send(await fastify.listen({ host: '127.0.0.1', port: 0 }));
});
process.on('disconnect', () => process.exit());

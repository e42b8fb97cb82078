/** A plain Fastify that serves the files of a directory, as anyone would set it up. */
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';

process.once('message', async (root) => {
  const fastify = Fastify();
  await fastify.register(fastifyStatic, { root });
  process.send(await fastify.listen({ host: '127.0.0.1', port: 0 }));
});
process.on('disconnect', () => process.exit());

/**
 * Asks for files over kept connections and throws their bytes away: a load generator that parses bodies, as most do,
 * needs more of the cores than the servers that it measures. One process, which is told what to do once.
 */
import net from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

process.once('message', async ({ origin, paths, headers, connections, seconds }) => {
  const { hostname, port } = new URL(origin);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const latencies = [];
  let next = 0;
  const end = performance.now() + seconds * 1000;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = net.connect({ host: hostname, port: Number(port) });
      while (performance.now() < end) {
        const began = performance.now();
        await get(socket, hostname, paths[next++ % paths.length], lines);
        latencies.push(performance.now() - began);
      }
      socket.destroy();
    }),
  );
  const perSecond = latencies.length / ((performance.now() - startedAt) / 1000);
  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.floor(part * (latencies.length - 1))];
  process.send({ requests: { average: perSecond }, latency: { p50: at(0.5), p99: at(0.99) } });
  process.disconnect();
});

/** @param {net.Socket} socket @param {string} host @param {string} path @param {readonly string[]} lines of headers */
function get(socket, host, path, lines) {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    let left = -1;
    const fail = (error) => reject(error ?? new Error('the connection was closed'));
    const onData = (chunk) => {
      if (left < 0) {
        head = Buffer.concat([head, chunk]);
        const at = head.indexOf(HEAD_END);
        if (at < 0) return;
        const text = head.toString('latin1', 0, at);
        if (!text.startsWith('HTTP/1.1 200')) return fail(new Error(text));
        left = Number(/content-length: (\d+)/i.exec(text)[1]) - (head.length - at - HEAD_END.length);
      } else left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData).off('error', fail).off('close', fail);
      resolve();
    };
    socket.on('data', onData).on('error', fail).on('close', fail);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`);
  });
}

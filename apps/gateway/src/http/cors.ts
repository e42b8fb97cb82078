/** Seconds that a browser keeps the answer to a preflight: what Chromium keeps it for at most. */
const MAX_AGE = 7200;

/** Headers that scripts of other origins may read: what clients of these APIs need, and what helps to report a failure. */
const EXPOSED = [
  ...['Location', 'Retry-After', 'ETag', 'Content-Range', 'Accept-Ranges'],
  ...['Content-Disposition', 'Allow', 'WWW-Authenticate', 'X-Request-Id'],
  ...['Upload-Offset', 'Upload-Defer-Length', 'Tus-Resumable', 'Tus-Version'],
];

/** Returns the options of `@fastify/cors` for these origins. The headers that a client may send are not limited. */
export function corsOptions(origins: readonly string[]) {
  return {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    maxAge: MAX_AGE,
    // Any OPTIONS request gets the answer of a preflight: no API documents a bare 400 in plain text.
    strictPreflight: false,
  };
}

const BOUNDARY = 'xYz';

/** The content type of a form. */
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** A part of a form. */
export const part = (disposition: string, body: string | Buffer, ...headers: string[]) =>
  Buffer.concat([
    Buffer.from([`--${BOUNDARY}`, `Content-Disposition: form-data; ${disposition}`, ...headers, '', ''].join('\r\n')),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ]);

/** The end of a form. */
export const END = Buffer.from(`--${BOUNDARY}--\r\n`);

export const file = (name = '/home/me/pets.zip', body = 'bytes') => part(`name="file"; filename="${name}"`, body);

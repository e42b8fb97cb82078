import { once } from 'node:events';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Zip, ZipPassThrough } from 'fflate';
import { until } from './system.mjs';

const LIMIT_MS = 1_800_000;

/**
 * Writes an archive of class folders without compression, as photos are compressed already.
 * @param {string} file @param {Iterable<{ bytes: Buffer }>} photos @param {number} classes
 */
export async function makeArchive(file, photos, classes) {
  const output = createWriteStream(file);
  const zip = new Zip((error, chunk) => {
    if (error) output.destroy(error);
    else output.write(chunk);
  });
  let i = 0;
  for (const { bytes } of photos) {
    const entry = new ZipPassThrough(`class-${i % classes}/${i}.jpg`);
    zip.add(entry);
    entry.push(bytes, true);
    if (output.writableNeedDrain) await once(output, 'drain');
    i++;
  }
  zip.end();
  output.end();
  await once(output, 'close');
  return file;
}

/**
 * Uploads an archive as the part `file` of a form. Returns where its status is.
 * @param {import('./system.mjs').Client} client @param {string} path @param {string} archive
 */
export async function uploadArchive({ url, headers }, path, archive) {
  const boundary = 'the-boundary-of-the-bench';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="archive.zip"\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const request = http.request(new URL(path, url), {
    method: 'POST',
    headers: {
      ...headers,
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': head.length + statSync(archive).size + tail.length,
    },
  });
  const answered = once(request, 'response');
  request.write(head);
  await pipeline(createReadStream(archive), request, { end: false });
  request.end(tail);
  const [response] = await answered;
  response.resume();
  if (response.statusCode !== 202) throw new Error(`the upload was answered with ${response.statusCode}`);
  return response.headers.location;
}

/**
 * Waits until a status or a job has ended well. Returns the address of what it has made.
 * @param {import('./system.mjs').Client} client @param {string} location
 * @returns {Promise<string>}
 */
export async function finished(client, location) {
  let answer;
  const ended = async () => {
    answer = await client.send('GET', location);
    return answer.status !== 200 || /"(ERROR|ABORTED|error)"/.test(answer.text);
  };
  await until(ended, LIMIT_MS, 20);
  if (answer.status !== 303) throw new Error(`${location}: ${answer.status} ${answer.text}`);
  return answer.headers.location;
}

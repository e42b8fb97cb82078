import type { Missing } from './web-files.js';

/** The version whose frontend was tried with this API. */
const PACKAGE = 'tensorboard==2.21.0';

const REASONS: Readonly<Record<Missing, string>> = {
  unnamed: 'No file of the frontend is configured: the variable <code>TENSORBOARD_WEBFILES</code> is not set.',
  absent:
    'The file that <code>TENSORBOARD_WEBFILES</code> names does not exist, or is empty. If you have started Pentaprism with ' +
    '<code>npm start</code> without setting that variable, it fetches the file once everything is ready: reload this page in ' +
    'some seconds.',
  unfit: 'The file that <code>TENSORBOARD_WEBFILES</code> names cannot be used. The log of the gateway says why.',
};

/** Returns the page that says how to get the frontend, in the place of the frontend. */
export function missingPage(missing: Missing): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The frontend of TensorBoard is missing</title>
<h1>The frontend of TensorBoard is missing</h1>
<p>${REASONS[missing]}</p>
<p>The frontend is in the Python package <code>tensorboard</code>. Where the package index can be reached, run:</p>
<pre>
python3 -m pip download --no-deps --dest . ${PACKAGE}
unzip -j tensorboard-*.whl tensorboard/webfiles.zip
</pre>
<p>Bring <code>webfiles.zip</code> to this machine, set <code>TENSORBOARD_WEBFILES</code> to its path, and start the gateway
again. All other clients of TensorBoard's API work without it.</p>
`;
}

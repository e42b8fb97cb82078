/**
 * Writes the users of NATS and their permissions, as the contracts have them, to the file that compose and Kubernetes mount.
 * Run it after a change of `libs/contracts` (npm run build first); `npm run check:deploy` fails until that was done.
 * An installation with a SUBJECT_PREFIX on a NATS of its own: node tools/nats-users.mjs PREFIX > nats-users.conf
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { natsUsersFile } from '../libs/contracts/dist/index.js';

const FILE = path.resolve(import.meta.dirname, '../deploy/k8s/servers/nats-users.conf');
const [prefix] = process.argv.slice(2);

if (prefix === undefined) writeFileSync(FILE, natsUsersFile());
else process.stdout.write(natsUsersFile(prefix));

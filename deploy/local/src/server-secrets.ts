import { BUS_USERS, type BusUser } from '@pentaprism/contracts';
import { chmodSync } from 'node:fs';
import path from 'node:path';
import { randomSecret, readOptional, writePrivate, type DataDirectory } from './data-directory.js';

/** What protects the embedded servers from other users of the machine. */
export interface ServerSecrets {
  /** Shared by the members of the replica set, and the password of `__system`, as which the launcher sets mongod up. */
  readonly mongodbKey: string;
  readonly mongodbKeyFile: string;
  /** Password of the user `pentaprism`. */
  readonly mongodb: string;
  readonly valkey: string;
  /** Of the users of NATS, one for each app. */
  readonly nats: Readonly<Record<BusUser, string>>;
  /** Of a user of NATS without limits, which only tests and drills have. */
  readonly natsOperator?: string | undefined;
}

export const NATS_OPERATOR = 'operator';

/**
 * Reads the secrets of the embedded servers, and draws those that are missing: 256 random bits each, one file each, mode
 * 0600. No data depends on them, so that a lost file does no harm: the servers take the new secret at their next start.
 */
export function loadServerSecrets(directory: DataDirectory, natsOperator: boolean): ServerSecrets {
  const natsSecret = (user: string) => secretIn(path.join(directory.secrets, `nats-${user}`));
  const mongodbKeyFile = path.join(directory.secrets, 'mongodb-key');
  return {
    mongodbKey: secretIn(mongodbKeyFile),
    mongodbKeyFile,
    mongodb: secretIn(path.join(directory.secrets, 'mongodb')),
    valkey: secretIn(path.join(directory.secrets, 'valkey')),
    nats: Object.fromEntries(BUS_USERS.map((user) => [user, natsSecret(user)])) as Record<BusUser, string>,
    natsOperator: natsOperator ? natsSecret(NATS_OPERATOR) : undefined,
  };
}

/** A key file of MongoDB holds letters of base64, which leaves out two of base64url. */
function secretIn(file: string): string {
  const stored = readOptional(file);
  if (!stored) return writePrivate(file, randomSecret().replaceAll(/[-_]/g, 'x'));
  // mongod refuses a key that others can read, as it is after a restore that did not keep modes.
  chmodSync(file, 0o600);
  return stored;
}

/* global Mongo -- mongosh provides it. */
// Run by mongosh. Makes the replica set, which transactions need, and the user of the apps; finds both made every other
// time, and gives the user a new password where that has changed. It signs in as `__system` with the key that the members
// share, so that no user has to exist before and mongod needs no exception for clients on its own machine.
const { MONGODB_KEY: key, MONGODB_PASSWORD: password, MEMBERS: hosts = 'mongodb' } = process.env;
const members = hosts.split(',').map((host) => `${host}:27017`);
const SYSTEM = `mongodb://__system:${encodeURIComponent(key)}@`;
const AS_SYSTEM = 'authSource=local&authMechanism=SCRAM-SHA-256&serverSelectionTimeoutMS=10000';
const NOT_YET_INITIALIZED = 94;
const USER_NOT_FOUND = 11;

function attempt(work, isExpected) {
  try {
    work();
    return true;
  } catch (error) {
    if (isExpected(error)) return false;
    throw error;
  }
}

const first = new Mongo(`${SYSTEM}${members[0]}/?directConnection=true&${AS_SYSTEM}`).getDB('admin');
if (
  !attempt(
    () => first.adminCommand({ replSetGetStatus: 1 }),
    ({ code }) => code === NOT_YET_INITIALIZED,
  )
) {
  first.adminCommand({ replSetInitiate: { _id: 'rs0', members: members.map((host, _id) => ({ _id, host })) } });
}

const asApp = `mongodb://pentaprism:${encodeURIComponent(password)}@${members}/?replicaSet=rs0&authSource=admin`;
if (
  !attempt(
    () => new Mongo(`${asApp}&serverSelectionTimeoutMS=10000`),
    ({ message }) => /Authentication failed/.test(message),
  )
) {
  const set = new Mongo(`${SYSTEM}${members}/?replicaSet=rs0&${AS_SYSTEM}`).getDB('admin');
  const user = { pwd: password, roles: [{ role: 'readWrite', db: 'pentaprism' }] };
  if (
    !attempt(
      () => set.runCommand({ updateUser: 'pentaprism', ...user }),
      ({ code }) => code === USER_NOT_FOUND,
    )
  ) {
    set.runCommand({ createUser: 'pentaprism', ...user });
  }
}

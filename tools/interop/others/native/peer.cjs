// zookeeper (npm), the C client as an addon of Node, against a running server.
// usage: node native_peer.cjs SERVERS, with NODE_PATH naming the folder it was installed to.
'use strict';
const assert = require('node:assert');
const ZooKeeper = require('zookeeper');

const servers = process.argv[2];
const { constants } = ZooKeeper;
const SESSION_TIMEOUT_MS = 10_000;
const LIMIT_MS = 20_000;

/** How often a check may be tried: once, but where an ensemble loses its leader meanwhile. */
const attempts = process.env.ZK_INTEROP_ENSEMBLE === undefined ? 1 : 4;
let names = 0;

async function check(sentence, body) {
  for (let attempt = 1; ; attempt++) {
    const clients = [];
    try {
      clients.push(await open(), await open());
      await within(body(...clients, `/native-${process.pid}-${++names}`));
      console.log(`ok ${sentence}`);
      return;
    } catch (error) {
      const verdict = attempt < attempts ? 'again' : 'not ok';
      console.log(`${verdict} ${sentence}: ${String(error?.message ?? error).split('\n')[0]}`);
      if (attempt >= attempts) return;
      await new Promise((wake) => setTimeout(wake, 3_000));
    } finally {
      for (const client of clients) client.close();
    }
  }
}

function open() {
  const client = new ZooKeeper({
    connect: servers,
    timeout: SESSION_TIMEOUT_MS,
    debug_level: constants.ZOO_LOG_LEVEL_ERROR,
    host_order_deterministic: false,
  });
  const connected = new Promise((resolve) => client.once('connect', () => resolve(client)));
  client.init({});
  return within(connected);
}

function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The code of the refusal. */
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error.code ?? error.message ?? error;
  }
  throw new Error('it was done');
}

async function main() {
  await check('data and stat are what was written', async (client, _, path) => {
    assert.equal(await client.create(path, 'first', constants.ZOO_PERSISTENT), path);
    await client.set(path, 'second', 0);
    const [stat, data] = await client.get(path, false);
    assert.equal(data.toString(), 'second');
    assert.equal(stat.version, 1);
    assert.equal(stat.dataLength, 6);
  });
  await check('what cannot be done is refused', async (client, _, path) => {
    await client.create(path, '', constants.ZOO_PERSISTENT);
    assert.match(String(await refusal(client.create(path, '', constants.ZOO_PERSISTENT))), /-110|exists/);
    assert.match(String(await refusal(client.set(path, '', 5))), /-103|version/);
    assert.match(String(await refusal(client.get(`${path}/none`, false))), /-101|no node/);
  });
  await check('sequential znodes are numbered, ephemerals end with their session', async (client, other, path) => {
    await client.create(path, '', constants.ZOO_PERSISTENT);
    const flags = constants.ZOO_EPHEMERAL | constants.ZOO_SEQUENCE;
    const names = [];
    for (let number = 0; number < 3; number++) names.push(await client.create(`${path}/n-`, '', flags));
    assert.deepEqual(
      names,
      [0, 1, 2].map((number) => `${path}/n-000000000${number}`),
    );
    await other.sync(path);
    assert.equal((await other.get_children(path, false)).length, 3);
    const gone = new Promise((resolve) => void other.w_exists(names[2], (type) => resolve(type)));
    client.close();
    assert.equal(await gone, constants.ZOO_DELETED_EVENT);
  });
  await check('containers and znodes with a time to live are made', async (client, _, path) => {
    assert.equal(await client.create(path, '', constants.ZOO_CONTAINER), path);
    assert.equal(await client.create(`${path}/ttl`, '', constants.ZOO_PERSISTENT_WITH_TTL, 60_000), `${path}/ttl`);
  });
  await check('watches tell of data and children', async (client, other, path) => {
    await client.create(path, '', constants.ZOO_PERSISTENT);
    await other.sync(path);
    const data = new Promise((resolve) => void other.w_get(path, (type, state, where) => resolve([type, where])));
    await other.get(path, false);
    const children = new Promise((resolve) => void other.w_get_children(path, (type) => resolve(type)));
    await other.get(path, false);
    await client.set(path, 'new', -1);
    assert.deepEqual(await data, [constants.ZOO_CHANGED_EVENT, path]);
    await client.create(`${path}/child`, '', constants.ZOO_PERSISTENT);
    assert.equal(await children, constants.ZOO_CHILD_EVENT);
  });
  await check('an access control list is set and read', async (client, _, path) => {
    await client.create(path, '', constants.ZOO_PERSISTENT);
    await client.set_acl(path, -1, [{ perm: constants.ZOO_PERM_READ, scheme: 'world', auth: 'anyone' }]);
    const acl = await client.get_acl(path);
    assert.equal(JSON.stringify(acl).includes('anyone'), true);
    assert.match(String(await refusal(client.set(path, 'x', -1))), /-102|not authenticated|noauth/i);
  });
  await check('a thousand requests at once are all answered', async (client, _, path) => {
    await client.create(path, '', constants.ZOO_PERSISTENT);
    const flags = constants.ZOO_SEQUENCE;
    const made = await Promise.all(Array.from({ length: 1_000 }, () => client.create(`${path}/n-`, 'x', flags)));
    assert.equal(new Set(made).size, 1_000);
    assert.equal((await client.get_children(path, false)).length, 1_000);
  });
  console.log('done');
  process.exit(0);
}

void main();

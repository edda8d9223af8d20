// node-zookeeper-client against a running server: every operation it has, its watches, sessions and errors.
// usage: node peer.cjs HOST:PORT, with NODE_PATH naming the folder it was installed to.
'use strict';
const assert = require('node:assert');
const { promisify } = require('node:util');
const zookeeper = require('node-zookeeper-client');

const address = process.argv[2];
const { ACL, CreateMode, Event, Exception, Id, Permission, State } = zookeeper;
/** Long enough for a busy machine; nothing waits that long unless it failed. */
const PATIENCE_MS = 20_000;
/** How often a check may be tried: once, but where an ensemble loses its leader meanwhile. */
const attempts = Number(process.env.ZK_INTEROP_ATTEMPTS ?? 1);

/** A session that moved, -118, is one that the library has no name for. */
const INTERRUPTIONS = [Exception.CONNECTION_LOSS, Exception.OPERATION_TIMEOUT, Exception.SESSION_EXPIRED, -118];

/** Two sessions and a znode with the data "root", made for the attempt at a check. */
let zk;
let other;
let base;
/** All clients of the attempt, and whether one of them lost its connection: then nothing is said about the answers. */
let clients = [];
let isInterrupted = false;

/** Tries a check once, or again where it was interrupted and more attempts are allowed. */
async function check(sentence, body) {
  for (let number = 1; ; number++) {
    const error = await attempt(body, number);
    if (error === undefined) {
      console.log(`ok ${sentence}`);
      return;
    }
    const isRepeated = isInterrupted && number < attempts;
    console.log(`${isRepeated ? 'again' : 'not ok'} ${sentence}: ${String(error.message).split('\n')[0]}`);
    if (!isRepeated) return;
    await new Promise((wake) => setTimeout(wake, 3_000));
  }
}

/** What is wrong, if anything. */
async function attempt(body, number) {
  isInterrupted = false;
  try {
    [zk, other] = [await open(), await open()];
    base = `/node-${process.pid}-${zk.client.getSessionId().toString('hex')}-${number}`;
    await zk.create(base, Buffer.from('root'));
    await inTime('the check', body());
    return undefined;
  } catch (error) {
    if (INTERRUPTIONS.includes(error?.getCode?.())) isInterrupted = true;
    return error;
  } finally {
    for (const client of clients) client.removeAllListeners('disconnected').close();
    clients = [];
  }
}

async function inTime(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} was not there in time`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function open(options = { sessionTimeout: 10_000, retries: 2 }, where = address) {
  const client = zookeeper.createClient(where, options);
  clients.push(client);
  const connected = new Promise((resolve) => client.once('connected', resolve));
  client.connect();
  try {
    await inTime('a session', connected);
  } catch (error) {
    isInterrupted = true;
    throw error;
  }
  client.on('disconnected', () => (isInterrupted = true));
  return wrap(client);
}

/** Promises for callbacks. */
function wrap(client) {
  const call = (name) => promisify(client[name].bind(client));
  return {
    client,
    create: (...args) => call('create')(...args),
    exists: (...args) => call('exists')(...args),
    remove: (...args) => call('remove')(...args),
    setData: (...args) => call('setData')(...args),
    mkdirp: (...args) => call('mkdirp')(...args),
    setACL: (...args) => call('setACL')(...args),
    getData: (path, watcher) =>
      new Promise((resolve, reject) => {
        const done = (error, data, stat) => (error ? reject(error) : resolve({ data, stat }));
        if (watcher) client.getData(path, watcher, done);
        else client.getData(path, done);
      }),
    getChildren: (path, watcher) =>
      new Promise((resolve, reject) => {
        const done = (error, children, stat) => (error ? reject(error) : resolve({ children, stat }));
        if (watcher) client.getChildren(path, watcher, done);
        else client.getChildren(path, done);
      }),
    getACL: (path) =>
      new Promise((resolve, reject) => {
        client.getACL(path, (error, acls, stat) => (error ? reject(error) : resolve({ acls, stat })));
      }),
    commit: (transaction) =>
      new Promise((resolve) => transaction.commit((error, results) => resolve({ error, results }))),
    close: () =>
      new Promise((resolve) => {
        client.removeAllListeners('disconnected').once('disconnected', resolve);
        client.close();
      }),
  };
}

async function refused(code, promise) {
  await assert.rejects(promise, (error) => {
    assert.strictEqual(error.getCode(), code);
    return true;
  });
}

function event() {
  let seen;
  const promise = new Promise((resolve) => (seen = resolve));
  return { watcher: (e) => seen(e), promise };
}

/** Authenticates, and makes a znode that nobody else may touch. */
async function makeMine() {
  zk.client.addAuthInfo('digest', Buffer.from('me:secret'));
  await zk.create(`${base}/mine`, Buffer.from('m'), ACL.CREATOR_ALL_ACL);
}

/** Opens a session of its own, and returns what checks, in the end, that it is still there. */
async function outlive() {
  const lasting = await open({ sessionTimeout: 20_000, retries: 20 });
  lasting.client.removeAllListeners('disconnected');
  clients = [];
  const session = lasting.client.getSessionId().toString('hex');
  const path = `/node-${process.pid}`;
  await lasting.create(path, CreateMode.EPHEMERAL);
  return async () => {
    const stat = await inTime('an answer', lasting.exists(path));
    assert.strictEqual(stat.ephemeralOwner.toString('hex'), session);
    await lasting.close();
  };
}

async function main() {
  const outlived = await outlive();
  await check('connects and has a session', async () => {
    assert.strictEqual(zk.client.getState(), State.SYNC_CONNECTED);
    assert.notStrictEqual(zk.client.getSessionId().toString('hex'), '0000000000000000');
    assert.strictEqual(zk.client.getSessionPassword().length, 16);
    assert.strictEqual(zk.client.getSessionTimeout(), 10_000);
  });
  await check('creates a persistent znode', async () => {
    assert.strictEqual(await zk.create(`${base}/new`, Buffer.from('n')), `${base}/new`);
  });
  await check('reads data and Stat', async () => {
    const { data, stat } = await zk.getData(base);
    assert.strictEqual(data.toString(), 'root');
    assert.strictEqual(stat.version, 0);
    assert.strictEqual(stat.dataLength, 4);
    assert.strictEqual(stat.numChildren, 0);
    assert.strictEqual(stat.ephemeralOwner.toString('hex'), '0000000000000000');
  });
  await check('creates sequential znodes with growing suffixes', async () => {
    const first = await zk.create(`${base}/s-`, null, CreateMode.PERSISTENT_SEQUENTIAL);
    const second = await zk.create(`${base}/s-`, null, CreateMode.PERSISTENT_SEQUENTIAL);
    assert.match(first, /s-0000000000$/);
    assert.match(second, /s-0000000001$/);
  });
  await check('creates an ephemeral that belongs to the session', async () => {
    await zk.create(`${base}/e`, CreateMode.EPHEMERAL);
    const stat = await other.exists(`${base}/e`);
    assert.strictEqual(stat.ephemeralOwner.toString('hex'), zk.client.getSessionId().toString('hex'));
  });
  await check('refuses a child of an ephemeral', async () => {
    await zk.create(`${base}/e`, CreateMode.EPHEMERAL);
    await refused(Exception.NO_CHILDREN_FOR_EPHEMERALS, zk.create(`${base}/e/x`));
  });
  await check('refuses to create what exists', () => refused(Exception.NODE_EXISTS, zk.create(base)));
  await check('refuses to create without a parent', () => refused(Exception.NO_NODE, zk.create(`${base}/no/where`)));
  await check('says that a znode does not exist', async () =>
    assert.strictEqual(await zk.exists(`${base}/nope`), null),
  );
  await check('sets data with the right version', async () => {
    const stat = await zk.setData(base, Buffer.from('changed'), 0);
    assert.strictEqual(stat.version, 1);
  });
  await check('refuses a wrong version', () => refused(Exception.BAD_VERSION, zk.setData(base, Buffer.from('x'), 1)));
  await check('lists children with the Stat of the parent', async () => {
    await zk.create(`${base}/e`, CreateMode.EPHEMERAL);
    await zk.create(`${base}/s-`, null, CreateMode.PERSISTENT_SEQUENTIAL);
    const { children, stat } = await zk.getChildren(base);
    assert.deepStrictEqual(children.sort(), ['e', 's-0000000001']);
    assert.strictEqual(stat.numChildren, 2);
    assert.strictEqual(stat.cversion, 2);
  });
  await check('refuses to remove a znode with children', async () => {
    await zk.create(`${base}/x`);
    await refused(Exception.NOT_EMPTY, zk.remove(base));
  });
  await check('refuses to remove with a wrong version', () => refused(Exception.BAD_VERSION, zk.remove(base, 7)));
  await check('removes a znode', async () => {
    await zk.create(`${base}/x`);
    await zk.remove(`${base}/x`, 0);
    await refused(Exception.NO_NODE, zk.getData(`${base}/x`));
  });
  await check('makes a path with all its parents', async () => {
    await zk.mkdirp(`${base}/a/b/c`, Buffer.from('deep'));
    assert.strictEqual((await zk.getData(`${base}/a/b/c`)).data.toString(), 'deep');
  });
  await check('keeps non-ASCII names and binary data', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    await zk.create(`${base}/ключ`, bytes);
    assert.deepStrictEqual((await other.getData(`${base}/ключ`)).data, bytes);
  });

  await check('a data watch hears of a change', async () => {
    const heard = event();
    await zk.getData(base, heard.watcher);
    await other.setData(base, Buffer.from('watched'));
    const seen = await heard.promise;
    assert.strictEqual(seen.getType(), Event.NODE_DATA_CHANGED);
    assert.strictEqual(seen.getPath(), base);
  });
  await check('an exists watch hears of a creation', async () => {
    const heard = event();
    await zk.exists(`${base}/later`, heard.watcher);
    await other.create(`${base}/later`);
    assert.strictEqual((await heard.promise).getType(), Event.NODE_CREATED);
  });
  await check('a child watch hears of a new child', async () => {
    const heard = event();
    await zk.getChildren(base, heard.watcher);
    await other.create(`${base}/newcomer`);
    assert.strictEqual((await heard.promise).getType(), Event.NODE_CHILDREN_CHANGED);
  });
  await check('a watch hears of a deletion', async () => {
    await zk.create(`${base}/x`);
    const heard = event();
    await zk.exists(`${base}/x`, heard.watcher);
    await other.remove(`${base}/x`);
    assert.strictEqual((await heard.promise).getType(), Event.NODE_DELETED);
  });

  await check('a transaction commits as a whole', async () => {
    const { error, results } = await zk.commit(
      zk.client
        .transaction()
        .check(base)
        .create(`${base}/t1`, Buffer.from('1'))
        .setData(`${base}/t1`, Buffer.from('2'))
        .create(`${base}/t2`)
        .remove(`${base}/t2`),
    );
    assert.ifError(error);
    assert.strictEqual(results[1].path, `${base}/t1`);
    assert.strictEqual((await zk.getData(`${base}/t1`)).data.toString(), '2');
    assert.strictEqual(await zk.exists(`${base}/t2`), null);
  });
  await check('a transaction fails as a whole', async () => {
    const { error } = await zk.commit(
      zk.client.transaction().create(`${base}/t3`).check(base, 99).create(`${base}/t4`),
    );
    assert.strictEqual(error.getCode(), Exception.BAD_VERSION);
    assert.strictEqual(await zk.exists(`${base}/t3`), null);
  });

  await check('the open ACL is what a znode has by default', async () => {
    const { acls } = await zk.getACL(base);
    assert.strictEqual(acls.length, 1);
    assert.strictEqual(acls[0].permission, Permission.ALL);
    assert.strictEqual(acls[0].id.scheme, 'world');
  });
  await check('a digest ACL keeps others out and lets its owner in', async () => {
    await makeMine();
    await refused(Exception.NO_AUTH, other.getData(`${base}/mine`));
    assert.strictEqual((await zk.getData(`${base}/mine`)).data.toString(), 'm');
  });
  await check('sets an ACL with its version', async () => {
    const readOnly = [new ACL(Permission.READ, new Id('world', 'anyone'))];
    await makeMine();
    const stat = await zk.setACL(base, readOnly, 0);
    assert.strictEqual(stat.aversion, 1);
    await refused(Exception.NO_AUTH, other.setData(base, Buffer.from('x')));
    await refused(Exception.BAD_VERSION, zk.setACL(`${base}/mine`, readOnly, 5));
  });
  await check('refuses an ACL of an unknown scheme', () =>
    refused(
      Exception.INVALID_ACL,
      zk.create(`${base}/bad`, null, [new ACL(Permission.ALL, new Id('nosuch', 'x'))], CreateMode.PERSISTENT),
    ),
  );

  await check('works below a chroot', async () => {
    const inside = await open({ sessionTimeout: 10_000 }, `${address}${base}`);
    await inside.create('/inner', Buffer.from('i'));
    assert.strictEqual((await zk.getData(`${base}/inner`)).data.toString(), 'i');
    await inside.close();
  });
  await check('ephemerals go when their session is closed', async () => {
    const short = await open();
    await short.create(`${base}/short`, CreateMode.EPHEMERAL);
    const heard = event();
    await other.exists(`${base}/short`, heard.watcher);
    await short.close();
    assert.strictEqual((await heard.promise).getType(), Event.NODE_DELETED);
  });
  await check('a thousand pipelined requests are all answered', async () => {
    const paths = Array.from({ length: 1000 }, (_, i) => `${base}/p${i}`);
    await Promise.all(paths.map((path) => zk.create(path, Buffer.from('x'))));
    const { children } = await zk.getChildren(base);
    assert.strictEqual(children.length, 1000);
    await Promise.all(paths.map((path) => zk.remove(path)));
  });

  await outlived();
  console.log('ok a session lasts through all of this');
  console.log('done');
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

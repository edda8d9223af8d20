"""aiozk, a client for asyncio with a protocol of its own, against a running server: operations, watches, recipes.

usage: aiozk_peer.py SERVERS
"""

import asyncio
import os
import sys
import uuid

import aiozk
from aiozk import exc

SERVERS = sys.argv[1]
# One of several servers, which lose their leader meanwhile: a check that this interrupts is tried again.
ATTEMPTS = int(os.environ.get("ZK_INTEROP_ATTEMPTS", 1))
LIMIT_S = 20
CHECKS = []


def check(sentence):
    def register(body):
        CHECKS.append((sentence, body))
        return body

    return register


async def run_all():
    for sentence, body in CHECKS:
        for attempt in range(1, ATTEMPTS + 1):
            client, other = aiozk.ZKClient(SERVERS), aiozk.ZKClient(SERVERS)
            try:
                await asyncio.wait_for(asyncio.gather(client.start(), other.start()), LIMIT_S)
                await asyncio.wait_for(body(client, other, "/aiozk-" + uuid.uuid4().hex), LIMIT_S)
                print("ok", sentence, flush=True)
                break
            except Exception as problem:
                verdict = "not ok" if attempt == ATTEMPTS else "again"
                print("%s %s: %r" % (verdict, sentence, problem), flush=True)
                await asyncio.sleep(3 if attempt < ATTEMPTS else 0)
            finally:
                await asyncio.gather(client.close(), other.close())
    print("done", flush=True)


def equal(actual, expected):
    assert actual == expected, "%r instead of %r" % (actual, expected)


async def refused(error, call):
    try:
        await call
    except error:
        return
    raise AssertionError("no %s" % error.__name__)


@check("data and stat are what was written")
async def data(client, _other, path):
    await client.create(path, b"first")
    await client.set(path, b"second", 0)
    text, stat = await client.get(path)
    equal((text, stat.version, stat.data_length), (b"second", 1, 6))
    await refused(exc.BadVersion, client.set(path, b"third", 0))
    await refused(exc.NodeExists, client.create(path))
    await client.delete(path, force=True)
    await refused(exc.NoNode, client.get_data(path))


@check("sequential and ephemeral znodes")
async def modes(client, other, path):
    await client.create(path)
    equal(await client.create(path + "/n-", sequential=True), path + "/n-0000000000")
    await client.create(path + "/own", ephemeral=True)
    equal(sorted(await client.get_children(path)), ["n-0000000000", "own"])
    await client.close()
    await until_gone(other, path + "/own")
    await client.start()


async def until_gone(client, path):
    while await client.exists(path):
        await asyncio.sleep(0.05)


@check("a transaction is done as a whole, or not at all")
async def transaction(client, _other, path):
    whole = client.begin_transaction()
    whole.create(path)
    whole.create(path + "/child", ephemeral=True)
    whole.set_data(path, b"data")
    whole.check_version(path, 1)
    equal((await whole.commit()).created, {path, path + "/child"})
    nothing = client.begin_transaction()
    nothing.create(path + "/other")
    nothing.check_version(path, 9)
    equal(bool(await nothing.commit()), False)
    equal(await client.exists(path + "/other"), False)


@check("access is for whom the list names")
async def access(client, other, path):
    await client.create(path, b"open", acl=[aiozk.ACL.make(scheme="world", id="anyone", read=True, admin=True)])
    equal(await other.get_data(path), b"open")
    await refused(exc.NoAuth, other.set_data(path, b"closed"))


@check("watches tell of each change of data and children")
async def watches(client, other, path):
    await other.create(path, b"0")
    seen, children = asyncio.Queue(), asyncio.Queue()
    data_watcher, child_watcher = client.recipes.DataWatcher(), client.recipes.ChildrenWatcher()
    data_watcher.add_callback(path, seen.put_nowait)
    child_watcher.add_callback(path, children.put_nowait)
    for number in range(5):
        equal(await seen.get(), b"%d" % number)
        equal(len(await children.get()), number)
        await other.set_data(path, b"%d" % (number + 1))
        await other.create("%s/%d" % (path, number))
    data_watcher.remove_callback(path, seen.put_nowait)
    child_watcher.remove_callback(path, children.put_nowait)


@check("a lock lets in one after the other")
async def lock(client, other, path):
    await client.create(path)  # Else the recipe makes a container of it; see the README.
    inside = []

    async def work(which):
        for _ in range(5):
            async with which.recipes.Lock(path):
                inside.append(which)
                await asyncio.sleep(0)
                equal(inside.pop(), which)
                equal(inside, [])

    await asyncio.gather(work(client), work(other))


@check("a counter counts what both add")
async def counter(client, other, path):
    async def work(which):
        mine = which.recipes.Counter(path)
        await mine.start()
        for _ in range(20):
            await mine.incr()

    await asyncio.gather(work(client), work(other))
    equal(await client.get_data(path), b"40")


@check("an election has one leader, and then the next")
async def election(client, other, path):
    await client.create(path)
    first, second = client.recipes.LeaderElection(path), other.recipes.LeaderElection(path)
    await first.volunteer()
    await first.wait_for_leadership()
    await second.volunteer()
    equal(second.has_leadership, False)
    await first.resign()
    await second.wait_for_leadership()


asyncio.run(run_all())

"""kazoo against a running server: what its own tests leave open (whole stats, several clients at once, lost sessions),
and every recipe used by more than one client.

usage: peer.py HOST:PORT
"""

import os
import sys
import threading
import time
import uuid

from interruptions import ATTEMPTS, forget_losses, note_loss, was_interrupted
from kazoo.client import KazooClient
from kazoo.exceptions import (
    BadVersionError,
    LockTimeout,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)
from kazoo.protocol.states import EventType, KazooState
from kazoo.recipe.cache import TreeCache
from kazoo.recipe.lease import NonBlockingLease
from kazoo.security import ACL, Id, Permissions, make_digest_acl

ADDRESS = sys.argv[1]
SUPER = os.environ["ZK_INTEROP_SUPER"]
# One of several servers, which lose their leader meanwhile: a check that this interrupts is tried again.
IS_ENSEMBLE = "ZK_INTEROP_ENSEMBLE" in os.environ
CLIENTS = []
CHECKS = []


def check(sentence):
    def register(body):
        CHECKS.append((sentence, body))
        return body

    return register


def connect(path="", **options):
    client = KazooClient(ADDRESS + path, timeout=options.pop("timeout", 10), **options)
    client.start(15)
    CLIENTS.append(client)
    return client


def fresh():
    return "/kazoo-" + uuid.uuid4().hex


def equal(actual, expected, what="value"):
    assert actual == expected, "%s is %r, expected %r" % (what, actual, expected)


def eventually(what, question, limit_s=10):
    deadline = time.monotonic() + limit_s
    while not question():
        assert time.monotonic() < deadline, "%s did not happen within %s s" % (what, limit_s)
        time.sleep(0.02)


def refused(kind, function, *args, **options):
    try:
        function(*args, **options)
    except kind:
        return
    raise AssertionError("%s was not raised" % kind.__name__)


def together(count, work):
    """Runs work(index) in that many threads and gives back what they return; a failure of one is raised here."""
    results = [None] * count
    problems = []

    def run(index):
        try:
            results[index] = work(index)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread did not end"
    if problems:
        raise problems[0]
    return results


def end_session(client):
    """Ends a client's session as an expiry would: somebody else attaches to it and closes it. The client may have taken it
    back by then, so that this is done until nobody can attach to it any more."""
    session = client.client_id

    def is_over():
        other = KazooClient(ADDRESS, client_id=session, timeout=10)
        other.start(15)
        is_taken = other.client_id[0] == session[0]
        other.stop()
        other.close()
        return not is_taken

    eventually("the end of a session", is_over, 20)


@check("the stat of a znode, field by field, from its creation on")
def stat_fields(zk):
    path = fresh()
    zk.create(path, b"12345")
    data, stat = zk.get(path)
    equal(data, b"12345")
    equal((stat.mzxid, stat.pzxid), (stat.czxid, stat.czxid), "mzxid and pzxid")
    equal((stat.version, stat.cversion, stat.aversion), (0, 0, 0), "versions")
    equal((stat.ctime, stat.dataLength, stat.numChildren, stat.ephemeralOwner), (stat.mtime, 5, 0, 0), "the rest")
    assert abs(time.time() - stat.created) < 10, "created %s" % stat.created
    after = zk.set(path, b"1")
    equal((after.version, after.czxid, after.dataLength), (1, stat.czxid, 1), "after set")
    assert after.mzxid > stat.mzxid, "mzxid does not grow"
    zk.create(path + "/a")
    parent = zk.exists(path)
    equal((parent.cversion, parent.numChildren, parent.version), (1, 1, 1), "with a child")
    equal(parent.pzxid, zk.exists(path + "/a").czxid, "pzxid")


@check("create gives back the stat when it is asked to, for every kind")
def create_with_stat(zk):
    path, stat = zk.create(fresh(), b"x", include_data=True)
    equal(stat, zk.exists(path))
    sequential, stat = zk.create(path + "/s-", sequence=True, ephemeral=True, include_data=True)
    equal(sequential, path + "/s-0000000000")
    equal(stat.ephemeralOwner, zk.client_id[0], "owner")


@check("errors have their own classes")
def errors(zk):
    path = fresh()
    refused(NoNodeError, zk.get, path)
    zk.create(path)
    refused(NodeExistsError, zk.create, path)
    refused(BadVersionError, zk.set, path, b"", version=5)
    zk.create(path + "/a")
    refused(NotEmptyError, zk.delete, path)
    refused(NoNodeError, zk.create, path + "/x/y")
    zk.delete(path, recursive=True)


@check("a transaction succeeds or fails as a whole, with a result for each operation")
def transactions(zk):
    path = fresh()
    good = zk.transaction()
    good.create(path, b"1")
    good.create(path + "/s-", sequence=True)
    good.set_data(path, b"2")
    good.check(path, 1)
    good.delete(path + "/s-0000000000")
    results = good.commit()
    equal(results[:2], [path, path + "/s-0000000000"])
    equal((results[2].version, results[3:]), (1, [True, True]), "set, check and delete")
    bad = zk.transaction()
    bad.create(path + "/never")
    bad.check(path, 7)
    bad.delete(path)
    kinds = [type(result) for result in bad.commit()]
    equal(kinds[:2], [RolledBackError, BadVersionError])
    equal(zk.exists(path + "/never"), None)


@check("two thousand asynchronous requests are answered in order")
def asynchronous(zk):
    path = fresh()
    zk.create(path, b"")
    order = []
    requests = []
    for index in range(1000):
        requests.append(zk.set_async(path, b"%d" % index, version=index))
        requests.append(zk.get_async(path))
        requests[-1].rawlink(lambda _result, index=index: order.append(index))
    equal([request.get(30)[0] for request in requests[1::2]], [b"%d" % index for index in range(1000)])
    eventually("all callbacks", lambda: len(order) == 1000)
    equal(order, list(range(1000)), "order")


@check("watches fire once, in order, before the reply that shows the change")
def watches(zk):
    other = connect()
    path = fresh()
    events = []
    equal(zk.exists(path, watch=events.append), None)
    other.create(path)
    eventually("creation", lambda: len(events) == 1)
    zk.get(path, watch=events.append)
    zk.get_children(path, watch=events.append)
    other.create(path + "/a")
    other.set(path, b"1")
    other.set(path, b"2")
    eventually("child and data", lambda: len(events) == 3)
    zk.exists(path + "/a", watch=events.append)
    other.delete(path + "/a")
    eventually("deletion", lambda: len(events) == 4)
    kinds = [event.type for event in events]
    equal(kinds, [EventType.CREATED, EventType.CHILD, EventType.CHANGED, EventType.DELETED])


@check("DataWatch and ChildrenWatch follow every change, over a broken connection too")
def lasting_watches(zk):
    watcher = connect()
    path = fresh()
    zk.create(path, b"0")
    seen, lists = [], []
    watcher.DataWatch(path, lambda data, stat: seen.append(data))
    watcher.ChildrenWatch(path, lambda children: lists.append(sorted(children)))
    for index in range(1, 6):
        zk.set(path, b"%d" % index)
        eventually("data %d" % index, lambda: seen[-1] == b"%d" % index)
        zk.create("%s/%d" % (path, index))
        eventually("child %d" % index, lambda: len(lists[-1]) == index)
    note_loss(-1)
    watcher._connection._socket.shutdown(2)
    zk.set(path, b"meanwhile")
    zk.create(path + "/meanwhile")
    eventually("what happened meanwhile", lambda: seen[-1] == b"meanwhile" and "meanwhile" in lists[-1], 20)


@check("ACLs of the schemes world, digest, ip and auth, and the super user")
def acls(zk):
    path = fresh()
    owner = connect(auth_data=[("digest", "kazoo:pw")])
    admin = connect(auth_data=[("digest", SUPER)])
    owner.create(path, b"mine", acl=[make_digest_acl("kazoo", "pw", all=True)])
    refused(NoAuthError, zk.get, path)
    refused(NoAuthError, zk.set, path, b"")
    equal(owner.get(path)[0], b"mine")
    equal(admin.get(path)[0], b"mine")
    owner.create(path + "/auth", acl=[ACL(Permissions.ALL, Id("auth", ""))])
    equal(owner.get_acls(path + "/auth")[0], [make_digest_acl("kazoo", "pw", all=True)])
    stat = owner.set_acls(path, [ACL(Permissions.READ, Id("ip", "127.0.0.1"))])
    equal(stat.aversion, 1)
    equal(zk.get(path)[0], b"mine")
    refused(NoAuthError, owner.set, path, b"")


@check("a session goes on with its id and password, and its ephemerals with it")
def session_goes_on(zk):
    path = fresh()
    first = connect(connection_retry={"max_tries": 1})
    first.create(path, ephemeral=True)
    session = first.client_id
    # The first client's connection is ended by the server, and it must not take the session back.
    second = connect(client_id=session)
    equal(second.client_id[0], session[0], "session")
    equal(second.exists(path).ephemeralOwner, session[0], "owner")
    second.stop()
    eventually("removal of the ephemeral", lambda: zk.exists(path) is None)


@check("a lost session is told to the listener, and a new one follows")
def session_lost(zk):
    path = fresh()
    mortal = connect()
    states = []
    mortal.add_listener(states.append)
    before = mortal.client_id[0]
    mortal.create(path, ephemeral=True)
    end_session(mortal)
    eventually("LOST and CONNECTED", lambda: states[-1:] == [KazooState.CONNECTED] and KazooState.LOST in states, 20)
    assert mortal.client_id[0] != before, "the session is the same"
    equal(zk.exists(path), None)


@check("a chroot hides itself")
def chroot(zk):
    path = fresh()
    zk.create(path)
    inside = connect(path)
    equal(inside.create("/a/b", b"x", makepath=True), "/a/b")
    equal(inside.create("/a/s-", sequence=True), "/a/s-0000000001")
    equal(zk.get(path + "/a/b")[0], b"x")
    equal(inside.get_children("/"), ["a"])


@check("Lock: one holder at a time among four clients, waiters in order, a timeout, a lost holder")
def lock(zk):
    path = fresh()
    clients = [connect() for _ in range(4)]
    holders = []
    most = []

    def work(index):
        mine = clients[index].Lock(path, "client-%d" % index)
        for _ in range(5):
            with mine:
                holders.append(index)
                most.append(len(holders))
                time.sleep(0.002)
                holders.remove(index)

    together(4, work)
    equal((len(most), max(most)), (20, 1), "turns and most at once")
    mortal = connect()
    held = mortal.Lock(path, "mortal")
    held.acquire()
    equal(clients[0].Lock(path).contenders(), ["mortal"])
    refused(LockTimeout, clients[0].Lock(path).acquire, timeout=0.2)
    end_session(mortal)
    assert clients[0].Lock(path).acquire(timeout=10), "not acquired after the holder was lost"


@check("ReadLock and WriteLock: readers share, a writer is alone")
def read_write_lock(zk):
    path = fresh()
    other = connect()
    one, two, writer = zk.ReadLock(path), other.ReadLock(path), other.WriteLock(path)
    assert one.acquire(timeout=5) and two.acquire(timeout=5), "two readers"
    refused(LockTimeout, writer.acquire, timeout=0.2)
    one.release()
    two.release()
    assert writer.acquire(timeout=5), "the writer"
    refused(LockTimeout, zk.ReadLock(path).acquire, timeout=0.2)
    writer.release()


@check("Semaphore: as many holders as it has leases")
def semaphore(zk):
    path = fresh()
    other = connect()
    leases = [client.Semaphore(path, max_leases=2) for client in (zk, other, zk)]
    assert leases[0].acquire(timeout=5) and leases[1].acquire(timeout=5), "two leases"
    refused(LockTimeout, leases[2].acquire, timeout=0.2)
    leases[0].release()
    assert leases[2].acquire(timeout=5), "after a release"


@check("Election: every candidate leads, one at a time")
def election(zk):
    path = fresh()
    clients = [connect() for _ in range(3)]
    leading, log = [], []

    def lead(index):
        leading.append(index)
        log.append(list(leading))
        time.sleep(0.02)
        leading.remove(index)

    together(3, lambda index: clients[index].Election(path, str(index)).run(lead, index))
    equal(sorted(log), [[0], [1], [2]])


@check("Barrier and DoubleBarrier: nobody passes alone")
def barriers(zk):
    path = fresh()
    other = connect()
    barrier = zk.Barrier(path)
    barrier.create()
    equal(other.Barrier(path).wait(0.2), False)
    barrier.remove()
    equal(other.Barrier(path).wait(5), True)
    inside = []
    double = fresh()

    def work(index):
        client = (zk, other)[index]
        gate = client.DoubleBarrier(double, 2)
        gate.enter()
        inside.append(index)
        gate.leave()
        return len(inside)

    equal(together(2, work), [2, 2])


@check("Counter: no increment of four clients is lost")
def counter(zk):
    path = fresh()
    clients = [connect() for _ in range(4)]

    def work(index):
        mine = clients[index].Counter(path)
        for _ in range(10):
            mine += 1

    together(4, work)
    equal(zk.Counter(path).value, 40)


@check("Queue and LockingQueue: everything arrives once, priorities first")
def queues(zk):
    other = connect()
    queue = zk.Queue(fresh())
    for value, priority in ((b"late", 200), (b"a", 100), (b"b", 100), (b"now", 1)):
        queue.put(value, priority)
    equal([queue.get() for _ in range(5)], [b"now", b"a", b"b", b"late", None])
    path = fresh()
    zk.LockingQueue(path).put_all([b"%d" % index for index in range(20)])

    def work(index):
        taken = []
        mine = (zk, other)[index].LockingQueue(path)
        while True:
            value = mine.get(timeout=0.5)
            if value is None:
                return taken
            taken.append(value)
            mine.consume()

    one, two = together(2, work)
    equal(sorted(one + two, key=int), [b"%d" % index for index in range(20)])


@check("Party and ShallowParty: members come and go with their sessions")
def parties(zk):
    path, shallow = fresh(), fresh()
    mortal = connect()
    zk.Party(path, "one").join()
    mortal.Party(path, "two").join()
    equal(sorted(zk.Party(path)), ["one", "two"])
    mortal.ShallowParty(shallow, "three").join()
    equal(list(zk.ShallowParty(shallow)), ["three"])
    mortal.stop()
    eventually("one alone", lambda: list(zk.Party(path)) == ["one"] and len(zk.ShallowParty(shallow)) == 0)


@check("SetPartitioner: the parts are shared out anew when somebody comes")
def partitioner(zk):
    path = fresh()
    parts = tuple(str(index) for index in range(6))
    one = zk.SetPartitioner(path, parts, time_boundary=0.3, identifier="one")
    eventually("all parts", lambda: settle(one) and len(list(one)) == 6)
    two = connect().SetPartitioner(path, parts, time_boundary=0.3, identifier="two")
    eventually("half the parts each", lambda: settle(one, two) and len(list(one)) == 3 and len(list(two)) == 3, 20)
    equal(sorted(list(one) + list(two)), list(parts))
    one.finish()
    two.finish()


def settle(*partitioners):
    for each in partitioners:
        if each.release:
            each.release_set()
        elif each.allocating:
            each.wait_for_acquire(0.1)
    return all(each.acquired for each in partitioners)


@check("NonBlockingLease: one holder for the time it was given")
def lease(zk):
    from datetime import timedelta

    path = fresh()
    assert NonBlockingLease(zk, path, timedelta(seconds=60), identifier="one"), "not obtained"
    assert not NonBlockingLease(connect(), path, timedelta(seconds=60), identifier="two"), "obtained twice"


@check("TreeCache: follows a subtree")
def tree_cache(zk):
    path = fresh()
    zk.create(path + "/old/deep", b"1", makepath=True)
    cache = TreeCache(connect(), path)
    cache.start()
    eventually("the first copy", lambda: cache.get_data(path + "/old/deep") is not None)
    zk.create(path + "/new", b"n")
    zk.set(path + "/old", b"o")
    zk.delete(path + "/old/deep")
    eventually("the new znode", lambda: cache.get_data(path + "/new") is not None)
    eventually("the change", lambda: cache.get_data(path + "/old").data == b"o")
    eventually("the deletion", lambda: cache.get_data(path + "/old/deep") is None)
    cache.close()


@check("four-letter words answer a client")
def four_letter_words(zk):
    equal(zk.command(b"ruok"), "imok")
    assert zk.server_version()[0] == 3, "version %r" % (zk.server_version(),)
    srvr = zk.command(b"srvr")
    modes = ["follower", "leader"] if IS_ENSEMBLE else ["standalone"]
    assert any("Mode: " + mode in srvr for mode in modes), srvr


def is_repeated(zk, sentence, body, attempt):
    """Tries a check, and tells whether it was interrupted and may be tried again."""
    forget_losses()
    try:
        body(zk)
        print("ok kazoo: %s" % sentence, flush=True)
        return False
    except BaseException as problem:
        is_to_repeat = attempt < ATTEMPTS and was_interrupted(problem)
        detail = "%s: %s" % (type(problem).__name__, str(problem).replace("\n", " "))
        print("%s kazoo: %s: %s" % ("again" if is_to_repeat else "not ok", sentence, detail), flush=True)
        return is_to_repeat


def main():
    zk = connect()
    for sentence, body in CHECKS:
        attempt = 1
        while is_repeated(zk, sentence, body, attempt):
            time.sleep(3)
            zk = connect()
            attempt += 1
    for client in CLIENTS:
        client.stop()
        client.close()
    print("done", flush=True)


main()

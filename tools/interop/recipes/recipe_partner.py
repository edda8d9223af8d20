"""Does with kazoo's recipes what it is told on standard input, one command per line: an id, the name of the thread that
does it, the command and its arguments, separated by tabs. Answers `id TAB ok TAB value` or `id TAB error TAB message`.

usage: recipe_partner.py HOST:PORT
"""

import queue
import sys
import threading
import time
import traceback

from kazoo.client import KazooClient
from kazoo.exceptions import LockTimeout
from kazoo.recipe.lock import Lock, ReadLock, WriteLock
from kazoo.recipe.queue import Queue

CLIENT = KazooClient(sys.argv[1], timeout=20)
COMMANDS = {}
THREADS = {}
HELD = {}
OUTPUT = threading.Lock()


class CuratorLock(Lock):
    """Takes its place among the contenders of Curator's InterProcessMutex."""

    _NODE_NAME = "lock-"
    _EXCLUDE_NAMES = ["lock-"]


class SimpleQueue(Queue):
    """Items as Curator's SimpleDistributedQueue names them."""

    prefix = "qn-"


LOCKS = {"mutex": CuratorLock, "kazoo": Lock, "kazoo-read": ReadLock, "kazoo-write": WriteLock}


def command(name):
    def register(body):
        COMMANDS[name] = body
        return body

    return register


@command("hold")
def hold(kind, path, name, limit_ms):
    lock = LOCKS[kind](CLIENT, path, "kazoo")
    try:
        lock.acquire(timeout=int(limit_ms) / 1000)
    except LockTimeout:
        return False
    HELD[name] = lock
    return True


@command("release")
def release(name):
    HELD.pop(name).release()
    return "released"


@command("contend")
def contend(kind, path, resource, rounds):
    """Adds to a number without any care, so that only the lock keeps it right."""
    lock = LOCKS[kind](CLIENT, path, "kazoo")
    for _ in range(int(rounds)):
        lock.acquire(timeout=60)
        number = int(CLIENT.get(resource)[0])
        time.sleep(0.001)
        CLIENT.set(resource, str(number + 1).encode())
        lock.release()
    return "done"


@command("lease")
def lease(path, maximum, name, limit_ms):
    semaphore = CLIENT.Semaphore(path, "kazoo", max_leases=int(maximum))
    try:
        semaphore.acquire(timeout=int(limit_ms) / 1000)
    except LockTimeout:
        return False
    HELD[name] = semaphore
    return True


@command("count")
def count(form, path, times):
    counter = counter_of(form, path)
    for _ in range(int(times)):
        counter += 1
    return "done"


@command("number")
def number(form, path):
    return counter_of(form, path).value


def counter_of(form, path):
    return CLIENT.Counter(path, default=1.0 if form == "float" else 0, support_curator=form == "curator")


def queue_of(kind, path):
    return {"queue": CLIENT.Queue, "locking": CLIENT.LockingQueue, "simple": lambda p: SimpleQueue(CLIENT, p)}[kind](path)


@command("put")
def put(kind, path, item, priority="100"):
    queue_of(kind, path).put(item.encode(), int(priority))
    return "put"


@command("take")
def take(kind, path, limit_ms):
    items = queue_of(kind, path)
    if kind == "locking":
        data = items.get(int(limit_ms) / 1000)
        if data is not None:
            HELD[path] = items
    else:
        data = items.get()
    return "null" if data is None else data.decode()


@command("consume")
def consume(path):
    return HELD.pop(path).consume()


@command("give-up")
def give_up(path):
    return HELD.pop(path).release()


@command("barrier-set")
def barrier_set(path):
    CLIENT.Barrier(path).create()
    return "set"


@command("barrier-remove")
def barrier_remove(path):
    return CLIENT.Barrier(path).remove()


@command("barrier-wait")
def barrier_wait(path, limit_ms):
    return CLIENT.Barrier(path).wait(int(limit_ms) / 1000)


@command("enter")
def enter(path, members):
    HELD[path] = CLIENT.DoubleBarrier(path, int(members))
    HELD[path].enter()
    return True


@command("leave")
def leave(path):
    HELD.pop(path).leave()
    return True


@command("party-join")
def party_join(path, identifier):
    HELD[path] = CLIENT.Party(path, identifier)
    HELD[path].join()
    return "joined"


@command("party")
def party(path):
    return ",".join(sorted(HELD[path]))


@command("partition")
def partition(path, identifier, items):
    HELD[path] = CLIENT.SetPartitioner(path, items.split(","), identifier=identifier, time_boundary=0.5, max_reaction_time=5)
    threading.Thread(target=follow, args=(HELD[path],), daemon=True).start()
    return "entered"


def follow(partitioner):
    while not partitioner.failed and not getattr(partitioner, "is_over", False):
        if partitioner.release:
            partitioner.release_set()
        elif partitioner.allocating:
            partitioner.wait_for_acquire(1)
        else:
            time.sleep(0.02)
    partitioner.finish()


@command("share")
def share(path):
    partitioner = HELD[path]
    return ",".join(partitioner) if partitioner.acquired else "none"


@command("leave-partition")
def leave_partition(path):
    HELD.pop(path).is_over = True
    return "left"


def answer(words):
    try:
        value = COMMANDS[words[2]](*words[3:])
        reply = "ok\t%s" % (str(value).lower() if isinstance(value, bool) else value)
    except Exception as problem:
        traceback.print_exc()
        reply = "error\t%r" % problem
    with OUTPUT:
        print(words[0] + "\t" + reply.replace("\n", " "), flush=True)


def work(tasks):
    while True:
        answer(tasks.get())


def main():
    CLIENT.start(15)
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.rstrip("\n").split("\t")
        if words[1] not in THREADS:
            THREADS[words[1]] = queue.Queue()
            threading.Thread(target=work, args=(THREADS[words[1]],), daemon=True).start()
        THREADS[words[1]].put(words)
    CLIENT.stop()


main()

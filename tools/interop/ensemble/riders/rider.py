"""Stays connected while servers are exchanged: takes a lock and counts under it until the znode ROOT/end is there, then
says whether all is as it was told. Prints `ready` when its znodes are there, and `lost MS` and `gap FROM TO`, in
milliseconds since 1970, for what it noticed.

usage: rider.py HOST:PORT,... ROOT
"""

import sys
import time

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError
from kazoo.protocol.states import KazooState
from kazoo.retry import KazooRetry

HOSTS, ROOT = sys.argv[1:]
COUNTER = ROOT + "/kazoo"
EPHEMERAL = ROOT + "/kazoo-is-here"
NOTICED_GAP_MS = 1000
SESSION_TIMEOUT_S = 20

STATES = []


def now_ms():
    return int(time.time() * 1000)


def note_state(state):
    STATES.append(state)
    if state == KazooState.SUSPENDED:
        print("lost %d" % now_ms(), flush=True)


def say(sentence, is_true):
    print(("ok " if is_true else "not ok ") + sentence, flush=True)


def count_up(client, retry):
    """Compare and set until it is acknowledged; a lost reply leaves one increment in doubt."""
    in_doubt = 0
    was_lost = False
    while True:
        data, stat = retry(client.get, COUNTER)
        try:
            client.set(COUNTER, str(int(data) + 1).encode(), version=stat.version)
            return in_doubt
        except retry.retry_exceptions:
            in_doubt += 1
            was_lost = True
            time.sleep(0.05)
        except BadVersionError:
            # It was read where the write in doubt had not arrived yet.
            if not was_lost:
                raise
            was_lost = False


def ride(client, retry):
    counted, in_doubt, last = 0, 0, now_ms()
    while retry(client.exists, ROOT + "/end") is None:
        in_doubt += count_up(client, retry)
        counted += 1
        now = now_ms()
        if now - last >= NOTICED_GAP_MS:
            print("gap %d %d" % (last, now), flush=True)
        last = now
        time.sleep(0.01)
    return counted, in_doubt


def main():
    retry = KazooRetry(max_tries=-1, delay=0.05, backoff=1, max_delay=0.5)
    client = KazooClient(HOSTS, timeout=SESSION_TIMEOUT_S, connection_retry=retry.copy())
    client.add_listener(note_state)
    client.start(30)
    client.create(COUNTER, b"0")
    client.create(EPHEMERAL, ephemeral=True)
    session = client.client_id[0]
    print("ready", flush=True)
    counted, in_doubt = ride(client, retry)
    value = int(retry(client.get, COUNTER)[0])
    say("kazoo's counter stands where acknowledged increments have brought it", counted <= value <= counted + in_doubt)
    say("kazoo wrote all the time", counted > 50)
    say("kazoo's session was never lost", KazooState.LOST not in STATES and client.client_id[0] == session)
    stat = retry(client.exists, EPHEMERAL)
    say("kazoo's ephemeral is still its own", stat is not None and stat.owner_session_id == session)
    client.stop()
    client.close()
    print("done", flush=True)


main()

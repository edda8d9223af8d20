"""Runs kazoo's own tests against a server that is running already, and prints a line per test.

kazoo's tests start a cluster of Apache servers for themselves. Here that cluster is replaced by one server; a test that
stops and starts it asks the harness to do so, through the address in ZK_INTEROP_CONTROL.
"""

import itertools
import os
import time
import urllib.request

import kazoo.testing.harness as harness
import kazoo.tests.util as util
from _pytest.runner import runtestprotocol
from interruptions import ATTEMPTS, forget_losses, was_interrupted

ADDRESS = os.environ["ZK_INTEROP_SERVER"]
CONTROL = os.environ["ZK_INTEROP_CONTROL"]

# Part of a test's id: why it cannot run here. The table in the README says the same.
EXCEPTIONS = {
    "TestSSLClient": "needs a TLS port, with certificates made for Apache's key stores",
    "TestLegacySASLDigestAuthentication": "needs SASL, which depends on Java's login modules",
    "TestSASLDigestAuthentication": "needs SASL, which depends on Java's login modules",
    "TestSASLGSSAPIAuthentication": "needs a Kerberos server",
    "TestReadOnlyMode": "needs three servers, two of which are stopped",
    "test_update_host_list": "needs three servers, one of which is stopped",
    "TestReconfig": "needs three servers, whose membership is changed",
    "test_build.py": "checks the environment of kazoo's own CI",
}

# Tests that have to be through with something within a second, or within a fraction of one, by a clock of their own: a
# machine that is held up for so long fails them whatever the server does. A server that is slow is so every time.
TIMED = (
    "LockingQueueTests::test_concurrent_execution",
    "test_lease.py::",
    "KazooPatientChildrenWatcherTests::test_watch",
    "::test_bad_session_expire",
    "::test_exists_watch",
    "TestClientTransitions::test_connection_and_disconnection",
)
TIMED_ATTEMPTS = 3

if CONTROL == "":
    EXCEPTIONS["test_request_queuing"] = "restarts the server, which is somebody else's"


class Server:
    address = ADDRESS
    secure_address = ADDRESS
    running = True

    def stop(self):
        ask("stop")

    def run(self):
        ask("start")


class Cluster(list):
    def start(self):
        pass

    def terminate(self):
        pass


def ask(what):
    with urllib.request.urlopen(CONTROL + "/" + what, timeout=60) as answer:
        answer.read()


CLUSTER = Cluster([Server()])
harness.get_global_cluster = lambda: CLUSTER
util.CI_ZK_VERSION = (3, 9, 5)


def pytest_collection_modifyitems(config, items):
    kept, left_out = [], []
    for item in items:
        (left_out if any(name in item.nodeid for name in EXCEPTIONS) else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def pytest_runtest_makereport(item, call):
    if call.excinfo is not None and was_interrupted(call.excinfo.value):
        item.was_interrupted = True


def pytest_runtest_protocol(item, nextitem):
    """Tries a test again where it was interrupted and more attempts are allowed, or where its own clock failed it."""
    is_timed = any(name in item.nodeid for name in TIMED)
    for attempt in itertools.count(1):
        item.was_interrupted = False
        forget_losses()
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = next((report for report in reports if report.failed), None)
        may_be_repeated = item.was_interrupted and attempt < ATTEMPTS
        may_be_timed_again = is_timed and attempt < TIMED_ATTEMPTS
        if failed is None or not (may_be_repeated or may_be_timed_again):
            for report in reports:
                item.ihook.pytest_runtest_logreport(report=report)
            break
        # The word "again" is for those that were interrupted: it is counted, and has to have a reason.
        word = "again" if may_be_repeated else "timed again"
        print("\n%s %s: %s" % (word, sentence_of(failed), last_line_of(failed)), flush=True)
        time.sleep(3)
        item._initrequest()
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def sentence_of(report):
    return "kazoo's " + report.nodeid.split("tests/")[-1].replace("::", " ")


def last_line_of(report):
    return str(report.longrepr).strip().splitlines()[-1]


def pytest_runtest_logreport(report):
    name = sentence_of(report)
    if report.failed:
        print("\nnot ok %s: %s" % (name, last_line_of(report)), flush=True)
    elif report.skipped:
        print("\nnot ok %s: skipped, %s" % (name, report.longrepr), flush=True)
    elif report.when == "call":
        print("\nok %s" % name, flush=True)


def pytest_sessionfinish(session, exitstatus):
    if exitstatus in (0, 1):
        print("\ndone", flush=True)

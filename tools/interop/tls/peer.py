"""kazoo over TLS and with SASL. usage: peer.py PLAIN_ADDRESS TLS_PORT FOLDER"""

import logging
import sys

from kazoo.client import KazooClient
from kazoo.exceptions import AuthFailedError, ConnectionClosedError, NoAuthError
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.security import ACL, Id, Permissions

PLAIN, PORT, FOLDER = sys.argv[1:4]
SECURE = "127.0.0.1:%s" % PORT


def check(sentence, body):
    try:
        body()
        print("ok " + sentence, flush=True)
    except Exception as problem:  # whatever it is, it is the result of the check
        print("not ok %s: %r" % (sentence, problem), flush=True)


def tls(identity, trust="authority"):
    options = {"use_ssl": True, "verify_certs": True, "ca": "%s/%s.pem" % (FOLDER, trust)}
    if identity is not None:
        options["certfile"] = options["keyfile"] = "%s/%s.pem" % (FOLDER, identity)
    return options


def sasl(username, password):
    return {"sasl_options": {"mechanism": "DIGEST-MD5", "username": username, "password": password}}


def opened(address, timeout=10, **options):
    client = KazooClient(address, timeout=10, **options)
    client.start(timeout)
    return client


def guarded(acl, address, **options):
    client = opened(address, **options)
    path = "/kazoo-" + acl.scheme
    if client.exists(path):
        client.delete(path)
    client.create(path, b"mine", acl=[ACL(Permissions.ALL, acl)])
    assert client.get(path)[0] == b"mine"
    other = opened(PLAIN)
    try:
        other.get(path)
        raise AssertionError("somebody else read it")
    except NoAuthError:
        client.delete(path)
    other.stop()
    client.stop()


def refused(address, errors, **options):
    try:
        client = opened(address, 3, **options)
    except errors:
        return
    client.stop()
    raise AssertionError("it connected")


check("a certificate makes an x509 id", lambda: guarded(Id("x509", "CN=client,O=Zoo\\, Inc."), SECURE, **tls("client")))
check("SASL DIGEST-MD5 makes a sasl id", lambda: guarded(Id("sasl", "bob"), PLAIN, **sasl("bob", "bobsecret")))
check("SASL over TLS", lambda: guarded(Id("sasl", "bob"), SECURE, **tls("client"), **sasl("bob", "bobsecret")))
class Notes(logging.Handler):
    """What a client says of itself."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def not_authenticated(address, **options):
    notes = Notes()
    logger = logging.Logger("not authenticated")
    logger.addHandler(notes)
    client = KazooClient(address, timeout=10, logger=logger, **options)
    try:
        client.start(10)
        client.get("/")
    except (AuthFailedError, ConnectionClosedError, KazooTimeoutError):
        # Its start calls it a time-out when the refusal comes before it looks whether it is connected; its get finds it
        # closed when the refusal comes in between.
        assert any("AUTH_FAILED" in line for line in notes.lines), "nothing was told"
        return
    finally:
        client.stop()
    raise AssertionError("it was let in")


check("a wrong password is told", lambda: not_authenticated(PLAIN, **sasl("bob", "wrong")))
check("a server that is not trusted is refused", lambda: refused(SECURE, KazooTimeoutError, **tls("client", "stranger")))
check("a certificate that is not trusted is refused", lambda: refused(SECURE, KazooTimeoutError, **tls("foreign")))
check("a missing certificate is refused", lambda: refused(SECURE, KazooTimeoutError, **tls(None)))
print("done", flush=True)

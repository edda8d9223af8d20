"""Tells whether a check was interrupted: then its connection broke, which says nothing about the server's answers."""

import os
import time

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionDropped,
    ConnectionLoss,
    OperationTimeoutError,
    SessionExpiredError,
    SessionMovedError,
)
from kazoo.protocol.states import KazooState

# How often a check may be tried: once, but where it may be interrupted.
ATTEMPTS = int(os.environ.get("ZK_INTEROP_ATTEMPTS", 1))
ERRORS = (ConnectionDropped, ConnectionLoss, OperationTimeoutError, SessionExpiredError, SessionMovedError, OSError)
# What each kind of handler says, with a class of its own, when a client gets no session.
NO_SESSION = "Connection time-out"

_losses = 0
_change_state = KazooClient._make_state_change


def note_loss(count=1):
    """A connection was lost, or is about to be: by the doing of the check it counts -1."""
    global _losses
    _losses += count


def forget_losses():
    global _losses
    _losses = 0


def was_interrupted(problem):
    if isinstance(problem, ERRORS) or str(problem) == NO_SESSION:
        return True
    # The client tells of a lost connection behind the answers that it cost.
    time.sleep(0.2)
    return _losses > 0


def _noting(client, state):
    if client.state == KazooState.CONNECTED != state and not client._stopped.is_set():
        note_loss()
    _change_state(client, state)


KazooClient._make_state_change = _noting

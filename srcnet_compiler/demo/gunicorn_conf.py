"""gunicorn's settings for the demo's Rucio server, read in the server's own environment.

Standard library only: the compiler is not installed there. Address, number of workers and log come
by the command line.
"""

import ctypes
import os
import signal
import sys
from typing import Protocol

PR_SET_PDEATHSIG = 1

wsgi_app = "rucio.web.rest.flaskapi.v1.main:application"
timeout = 300  # seconds; an import of some ten thousand distances takes 30
graceful_timeout = 10
limit_request_line = 8190  # as in front of a production server
control_socket_disable = True  # it would be made in the home directory


class Worker(Protocol):
    """What we use of gunicorn's worker."""

    ppid: int


def post_fork(server: object, worker: Worker) -> None:
    """Let a worker end with its master: gunicorn's own look for that comes only every 150 s."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != worker.ppid:
            os._exit(1)

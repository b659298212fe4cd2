"""A deleted account that is called back is seen when all of it is as wanted, and not before."""

import ansible.module_utils
import pytest
from rucio_data import connect

from srcnet_compiler.apply import ansible as calls
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.targets.rucio.live import observe

ansible.module_utils.__path__.append(str(calls.PROJECT / "roles" / "rucio" / "module_utils"))

from ansible.module_utils import srcnet_rucio_acts  # noqa: E402

pytestmark = pytest.mark.live("rucio")


class KilledError(Exception):
    """Stands for the end of the process."""


class CutOff:
    """A client whose process ends after so many updates of accounts."""

    def __init__(self, client, updates: int) -> None:
        self.client, self.updates = client, updates

    def __getattr__(self, name: str):
        return getattr(self.client, name)

    def update_account(self, *args: str) -> None:
        self.client.update_account(*args)
        self.updates -= 1
        if not self.updates:
            raise KilledError


def test_an_account_half_called_back_is_not_there_yet(rucio_sqlite: RucioServer):
    client, name = connect(rucio_sqlite), "revived"
    client.add_account(name, "USER", "")
    client.delete_account(name)
    wanted = [{"name": "type", "before": None, "after": "SERVICE"}]
    with pytest.raises(KilledError):
        srcnet_rucio_acts.set_account(CutOff(client, 1), "root", name, wanted, None)
    assert observe(client, "account", name, "root") is None
    srcnet_rucio_acts.set_account(client, "root", name, wanted, None)
    assert observe(client, "account", name, "root")["type"] == "SERVICE"

"""A real Rucio with 1,000 RSEs and 100,000 rules to import, in a process of its own.

`python -m benchmarks.live_import FOLDER DATABASE` starts the server below FOLDER, has its database
filled by Rucio's own classes, writes a federation's document beside it that knows none of it, says
`ready`, and ends everything when its standard input is closed.
"""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.live_server import SERVER_VENV, TODAY
from srcnet_compiler.demo.rucio_server import RucioServer, find_server_venv, running
from srcnet_compiler.federation.model import Secret
from srcnet_compiler.pipeline import check
from srcnet_compiler.targets.rucio.live import Identity, bootstrap, connect, take_inventory

RSES, RULES, SITES = 1000, 100_000, 100
FILL = """
import sys
from sqlalchemy import insert
from rucio.common.types import InternalAccount, InternalScope
from rucio.db.sqla import models
from rucio.db.sqla.constants import AccountStatus, AccountType, DIDType, RuleState
from rucio.db.sqla.session import get_session
count, session = int(sys.argv[1]), get_session()()
accounts = [InternalAccount(f"{'abcdefghij'[n % 10]}user{n}") for n in range(50)]
scopes = [InternalScope(f"scope{n}") for n in range(50)]
session.execute(insert(models.Account), [
    {"account": a, "account_type": AccountType.USER, "status": AccountStatus.ACTIVE}
    for a in accounts])
session.execute(insert(models.Scope), [
    {"scope": s, "account": a} for s, a in zip(scopes, accounts)])
for start in range(0, count, 5000):
    names = [(scopes[n % 50], accounts[n % 50], f"set-{n:07}") for n in range(start, start + 5000)]
    session.execute(insert(models.DataIdentifier), [
        {"scope": s, "account": a, "name": n, "did_type": DIDType.DATASET, "is_open": False}
        for s, a, n in names])
    session.execute(insert(models.ReplicationRule), [
        {"scope": s, "account": a, "name": n, "did_type": DIDType.DATASET, "copies": 2,
         "rse_expression": f"site=SITE{hash(n) % 5}", "state": RuleState.OK,
         "activity": "User Subscriptions"} for s, a, n in names])
    session.commit()
"""
FEDERATION = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Federation
metadata: {name: large}
spec:
  members: [CHSRC, UKSRC]
  regions: {everywhere: [CH, GB]}
  tiers:
    online: {media: [hdd], reachable: immediately}
    nearline: {media: [tape], reachable: after recall}
  storageClasses: {T0: {tier: online}, T1: {tier: online}, T2: {tier: nearline}}
  naming: {area: "{src}-{site}-{class}[-{label}]", existing: warn, new: error}
  identity: {issuer: "https://iam.example.org/"}
  rucio:
    name: large
    server: SERVER
    credentials: {secretRef: {file: KEY}}
    owner: srcnet-policy
    actsAs: srcnet-compiler
    activities: [User Subscriptions]
"""


def main(folder: Path, database: Any) -> None:
    venv = find_server_venv(SERVER_VENV)
    assert venv is not None, "`make server` first"
    with running(folder / "rucio", database=database, venv=venv, progress=_say) as server:
        specs, key, root = folder / "specs", folder / "key.json", folder / "root.json"
        _write_specs(specs, server, key)
        found = check(specs, today=TODAY)
        assert found.federation is not None, found.diagnostics
        data = found.federation.data
        own = Identity("USERPASS", "srcnet", "srcnet@localhost", secrets.token_urlsafe(18))
        _private(key, own.name, own.password or "")
        _private(root, server.username, server.password)
        with connect(data, {}, account="root", secret=Secret("file", str(root))) as client:
            bootstrap(client, data, [own])
            client.import_data({"rses": dict(map(_rse, range(RSES)))})
            for number in range(RSES):
                client.set_rse_limits(_rse(number)[0], "MaxSpaceAvailable", 10**15)
            _fill_rules(server)
            inventory = take_inventory(client, data.name)
        assert (len(inventory.rses), sum(inventory.rules.values())) == (RSES, RULES)
        print("ready", flush=True)
        sys.stdin.read()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _rse(number: int) -> tuple[str, dict[str, object]]:
    """Ten at each of a hundred sites, every other one by the rule."""
    site = f"{('CHSRC', 'UKSRC')[number % 2]}-S{number % SITES}"
    name = f"{site}-T1-{number}" if number % 4 < 3 else f"OLD_DISK_{number}"
    own = {"read": 1, "write": 1, "delete": 1}
    wan = {**own, "third_party_copy_read": 1, "third_party_copy_write": 1}
    protocol = {
        "scheme": "davs",
        "hostname": f"se{number}.example.org",
        "port": 443,
        "prefix": "/ska",
        "impl": "rucio.rse.protocols.gfal.Default",
        "domains": {"lan": own, "wan": wan},
    }
    country = ("CH", "GB")[number % 2]
    attributes = {"site": f"SITE{number % SITES}", "country": country, "tier": "1"}
    facts = {"rse_type": "DISK", "country_name": country}
    return name, {**facts, "attributes": attributes, "protocols": [protocol]}


def _write_specs(specs: Path, server: RucioServer, key: Path) -> None:
    (specs / "policies").mkdir(parents=True, exist_ok=True)
    text = FEDERATION.replace("SERVER", server.url).replace("KEY", str(key))
    (specs / "policies/federation.yaml").write_text(text)


def _fill_rules(server: RucioServer) -> None:
    subprocess.run(
        [str(server.venv / "bin/python"), "-c", FILL, str(RULES)],
        env={**os.environ, "RUCIO_CONFIG": str(server.server_config)},
        check=True,
    )


def _private(path: Path, username: str, password: str) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps({"username": username, "password": password}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

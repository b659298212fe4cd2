"""A real Rucio server to measure against, in a process of its own: the measuring one is small.

`python -m benchmarks.live_server FOLDER SITES DATABASE [filled]` starts it below FOLDER, writes
specs of that many sites beside it, makes the compiler's accounts, with `filled` also all RSEs and
distances, says `ready`, and ends everything when its standard input is closed.
"""

import json
import secrets
import sys
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.corpus import write
from srcnet_compiler.demo.rucio_server import RucioServer, find_server_venv, running
from srcnet_compiler.federation.model import Secret
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.targets.rucio.live import Identity, bootstrap, connect
from srcnet_compiler.targets.rucio.model import Protocol, RucioModel

TODAY = date(2026, 11, 1)
SERVER_VENV = Path(".srcnet/rucio-server")


def main(folder: Path, sites: int, database: Any, filled: bool) -> None:
    venv = find_server_venv(SERVER_VENV)
    assert venv is not None, "`make server` first"
    with running(folder / "rucio", database=database, venv=venv, progress=_say) as server:
        key = folder / "compiler.json"
        write(folder / "specs", sites, server=server.url, secret=f"{{file: {key}}}")
        _prepare(folder / "specs", server, key, filled)
        print("ready", flush=True)
        sys.stdin.read()


def _prepare(specs: Path, server: RucioServer, key: Path, filled: bool) -> None:
    compiled = compile_specs(specs, TODAY)
    assert compiled.federation is not None
    data = compiled.federation.data
    own = Identity("USERPASS", "srcnet", "srcnet@localhost", secrets.token_urlsafe(18))
    _private(key, own.name, own.password or "")
    root = key.with_name("root.json")
    _private(root, server.username, server.password)
    with connect(data, {}, account="root", secret=Secret("file", str(root))) as client:
        bootstrap(client, data, [own])
        if filled:
            _fill(client, compiled.models[0].model)


def _fill(client: Any, model: RucioModel) -> None:
    """All RSEs and distances at once, as an operator would import them."""
    distances: dict[str, dict[str, dict[str, int]]] = {}
    for link in model.distances.values():
        to = distances.setdefault(link.source, {})
        to[link.destination] = {"distance": link.distance, "ranking": link.distance}
    rses = {
        rse.name: {
            **rse.settings,
            "attributes": dict(rse.attributes),
            "protocols": [_protocol(protocol) for protocol in rse.protocols],
        }
        for rse in model.rses.values()
    }
    client.import_data({"rses": rses, "distances": distances})
    for rse in model.rses.values():
        for name, amount in rse.limits.items():
            client.set_rse_limits(rse.name, name, amount)


def _protocol(protocol: Protocol) -> dict[str, Any]:
    return {
        "scheme": protocol.scheme,
        "hostname": protocol.hostname,
        "port": protocol.port,
        "prefix": protocol.prefix,
        "impl": protocol.impl,
        "domains": {name: dict(priorities) for name, priorities in protocol.domains.items()},
    }


def _private(path: Path, username: str, password: str) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps({"username": username, "password": password}), "utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:] == ["filled"])

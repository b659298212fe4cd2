"""A Rucio as sites have filled it over the years: old names, attributes by hand, own accounts and
rules. Nothing of it was made by the compiler, and the import is to find its way in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rucio_data import add_account

from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.schema.versions import API_VERSION

if TYPE_CHECKING:
    from rucio.client import Client

LIMIT = "MaxSpaceAvailable"
WEBDAV = "rucio.rse.protocols.webdav.Default"
GFAL = "rucio.rse.protocols.gfal.Default"

FEDERATION = """\
apiVersion: VERSION
kind: Federation
metadata: {name: hand}
spec:
  members: [AUSSRC, CHSRC, SWESRC, UKSRC]
  aliases: {AUSRC: AUSSRC}
  regions:
    everywhere: [AU, CH, GB, SE]
  tiers:
    online: {media: [hdd], reachable: immediately}
    scratch: {media: [ssd], reachable: immediately, counts: false}
    nearline: {media: [tape], reachable: after recall}
  storageClasses:
    T0: {tier: online}
    T1: {tier: online}
    T2: {tier: nearline}
    TEST: {tier: online, role: test}
  naming: {area: "{src}-{site}-{class}[-{label}]", existing: warn, new: error}
  identity: {issuer: "https://iam.example.org/"}
  rucio:
    name: hand
    server: SERVER
    credentials: {secretRef: {file: CREDENTIALS}}
    owner: srcnet-policy
    actsAs: srcnet-compiler
    activities: [User Subscriptions]   # what the daemons serve
  limits: {movedData: 1 PB}
"""

PERTH = """\
# What people at Perth have written, and keep.
apiVersion: VERSION
kind: Site
metadata: {name: AUSSRC-PERTH}
spec:
  src: AUSSRC
  country: AU
  alsoKnownAs: [Pawsey]   # the centre
  storage:
    # the first one, since 2023
    - name: AUSSRC-PERTH-T1
      nameToday: AARNET_PER
      adopted: true       # until the policies are agreed
      tier: online        # disks
"""

LONDON = """\
apiVersion: VERSION
kind: Site
metadata: {name: UKSRC-LONDON}
spec: {src: UKSRC, country: GB, alsoKnownAs: [IMPERIAL]}
"""


def write_specs(folder: Path, server: RucioServer, credentials: Path) -> None:
    """A federation that is agreed, and two sites that say little or nothing of storage."""
    text = FEDERATION.replace("SERVER", server.url).replace("CREDENTIALS", str(credentials))
    for name, content in {
        "policies/federation.yaml": text,
        "site-specs/aussrc-perth.yaml": PERTH,
        "site-specs/uksrc-london.yaml": LONDON,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace("VERSION", API_VERSION), encoding="utf-8")


def fill(root: Client) -> None:
    """RSEs, accounts, scopes, data, rules and subscriptions, one by one as people type them."""
    for number, name in enumerate(("AARNET_PER", "AUSRC_STORM")):
        _rse(root, name, attributes={"site": "Pawsey", "tier": "1"})
        _protocol(root, name, "davs", f"storm{number}.example.au", 8443, "/disk/ska", WEBDAV)
    root.set_rse_limits("AARNET_PER", LIMIT, 400 * 10**12)
    root.add_rse_attribute("AUSRC_STORM", "fts", "https://fts3.example.org:8446")
    root.add_rse_attribute("AUSRC_STORM", "oidc_support", True)

    _rse(root, "IMPERIAL", attributes={"country": "GB", "institut": "Zürich ✓"})
    _protocol(root, "IMPERIAL", "root", "xrd.example.uk", 1094, "//xrootd/ska", GFAL)
    _protocol(root, "IMPERIAL", "gsiftp", "se.example.uk", 2811, "/ftp", GFAL)

    _rse(root, "SWESRC-OSO-T1", country_name="SE")
    read_only = {"read": 1, "write": 0, "delete": 0}
    _protocol(
        root,
        "SWESRC-OSO-T1",
        "https",
        "xrd.example.se",
        443,
        "/data",
        GFAL,
        {
            "lan": {"read": 1, "write": 1, "delete": 1},
            "wan": {**read_only, "third_party_copy_read": 2, "third_party_copy_write": 0},
        },
    )
    root.set_rse_limits("SWESRC-OSO-T1", LIMIT, 123_456_789)

    _rse(root, "CHSRC-CSCS-T2-TAPE", rse_type="TAPE", deterministic=False, country_name="CH")
    _protocol(root, "CHSRC-CSCS-T2-TAPE", "davs", "tape.example.ch", 2880, "/pnfs", GFAL)
    root.add_rse_attribute("CHSRC-CSCS-T2-TAPE", "archive_timeout", 172800)

    _rse(root, "BUFFER_X", staging_area=True)
    _rse(root, "MYSTERY")
    _protocol(root, "MYSTERY", "davs", "where.example.org", 443, "/x", GFAL)
    root.add_distance("AARNET_PER", "AUSRC_STORM", {"distance": 7})

    add_account(root, "aussrc-ops", password="theirs-alone", admin=True)
    add_account(root, "scientist", password="theirs-alone", kind="USER")
    for account in ("aussrc-ops", "scientist"):
        for rse in ("AARNET_PER", "AUSRC_STORM", "IMPERIAL", "SWESRC-OSO-T1"):
            root.set_local_account_limit(account, rse, 10**15)
    for scope in ("aussrc.testing", "users"):
        root.add_scope("aussrc-ops", scope)
    for number in range(4):
        _rule(
            root,
            "aussrc.testing",
            f"run-{number}",
            "aussrc-ops",
            2,
            "tier=1|IMPERIAL|SWESRC-OSO-T1",
        )
        _rule(root, "users", f"mine-{number}", "scientist", 1, "IMPERIAL", lifetime=10**6)
    root.add_subscription(
        "keep-tests",
        "aussrc-ops",
        {"scope": ["users"]},
        [{"copies": 1, "rse_expression": "IMPERIAL", "activity": "User Subscriptions"}],
        "by hand",
        False,
        False,
        False,
    )


def _rse(
    root: Client, name: str, attributes: dict[str, Any] | None = None, **settings: Any
) -> None:
    root.add_rse(name, **settings)
    for key, value in (attributes or {}).items():
        root.add_rse_attribute(name, key, value)


def _protocol(
    root: Client,
    rse: str,
    scheme: str,
    host: str,
    port: int,
    prefix: str,
    impl: str,
    domains: dict[str, dict[str, int]] | None = None,
) -> None:
    own = {"read": 1, "write": 1, "delete": 1}
    usual = {"lan": own, "wan": {**own, "third_party_copy_read": 1, "third_party_copy_write": 1}}
    facts = {
        "scheme": scheme,
        "hostname": host,
        "port": port,
        "prefix": prefix,
        "impl": impl,
        "domains": domains or usual,
    }
    root.add_protocol(rse, facts)


def _rule(
    root: Client,
    scope: str,
    name: str,
    account: str,
    copies: int,
    expression: str,
    lifetime: int | None = None,
) -> None:
    root.add_dataset(scope, name)
    root.add_replication_rule(
        [{"scope": scope, "name": name}],
        copies,
        expression,
        account=account,
        lifetime=lifetime,
        activity="User Subscriptions",
    )


def everything(root: Client) -> str:
    """All that the server says of it, to compare."""
    names = sorted(row["rse"] for row in root.list_rses())
    found = {
        name: (
            {k: v for k, v in root.get_rse(name).items() if not k.endswith("_at")},
            root.list_rse_attributes(name),
            root.get_rse_limits(name),
        )
        for name in names
    }
    rules = sorted(
        (r["id"], r["account"], r["rse_expression"], r["state"], str(r["expires_at"]))
        for r in root.list_replication_rules()
    )
    return json.dumps([found, rules], sort_keys=True, default=str)

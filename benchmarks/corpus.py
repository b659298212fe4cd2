"""A federation of any size to measure with: the same bytes for the same size, on every machine.

A site's file is as people write them: some 290 lines with comments, anchors, merge keys, block and
flow style. Every site has one area that holds copies, one for development, and one not in use.
"""

from pathlib import Path
from random import Random

from benchmarks import corpus_kubernetes

REGIONS = {
    "africa": {"ZASRC": "ZA"},
    "americas": {"CANSRC": "CA"},
    "asia-pacific": {"AUSSRC": "AU", "CNSRC": "CN", "INSRC": "IN", "JPSRC": "JP", "KRSRC": "KR"},
    "europe": {
        **{"CHSRC": "CH", "DESRC": "DE", "ESPSRC": "ES", "FRSRC": "FR", "ITSRC": "IT"},
        **{"NLSRC": "NL", "PTSRC": "PT", "SWESRC": "SE", "UKSRC": "GB"},
    },
}
MEMBERS = {src: country for region in REGIONS.values() for src, country in region.items()}


def write(
    folder: Path,
    sites: int,
    *,
    server: str = "https://rucio.example.org",
    secret: str = "{env: SRCNET_RUCIO_TOKEN}",
    kubernetes: bool = False,
) -> None:
    """Specs of `sites` sites below `folder`, whose Rucio is at `server`; `secret` is a secretRef.

    In Rucio they are twice as many RSEs, and a distance for each pair of sites in each direction.
    With `kubernetes` each site has a cluster of it, on which twelve services are run.
    """
    dice = Random(sites)
    _file(folder / "policies/federation.yaml", _federation(server, secret))
    for name, text in _policies().items():
        _file(folder / f"policies/data/{name}.yaml", text)
    if kubernetes:
        for name, text in corpus_kubernetes.policies(dict(_ON_KUBERNETES)):
            _file(folder / f"policies/services/{name}.yaml", text)
    for number in range(sites):
        src = sorted(MEMBERS)[number % len(MEMBERS)]
        name = f"{src}-S{number:05}"
        _file(folder / f"site-specs/{name.lower()}.yaml", _site(name, src, dice, kubernetes))


def _file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _federation(server: str, secret: str) -> str:
    regions = "".join(
        f"    {region}: [{', '.join(members.values())}]\n" for region, members in REGIONS.items()
    )
    services = "".join(
        f"    {name}: {{storage: {storage}}}\n"
        for name, storage in sorted({**dict(_SERVICES), "ingest": "any"}.items())
    )
    return f"""\
# A federation to measure with.
apiVersion: srcnet.skao.int/v1alpha2
kind: Federation
metadata: {{name: measured}}
spec:
  members: [{", ".join(sorted(MEMBERS))}]
  regions:                                  # failure domains for `apart: region`
{regions}
  tiers:
    online: {{media: [ssd, hdd], reachable: immediately}}
    nearline: {{media: [tape], reachable: after recall}}
  storageClasses:
    T0: {{tier: online}}
    T1: {{tier: online}}
    T2: {{tier: nearline}}
  naming: {{area: "{{src}}-{{site}}-{{class}}[-{{label}}]", existing: warn, new: error}}
  identity:
    issuer: https://iam.example.org/
    groups: {{users: /roles/prod/user, operators: /roles/int/oper}}
  rucio:
    name: measured
    server: {server}
    credentials: {{secretRef: {secret}}}
    owner: srcnet-policy
    actsAs: srcnet-compiler
    namespaces: [{{name: testing}}, {{name: project}}, {{name: observatory, status: draft}}]
    metadata: {{product: datatype, telescope: project, campaign: campaign}}
    activities: [Functional Test, User Subscriptions]
  services:
{services}  limits: {{movedData: 500 TB}}
"""


def _policies() -> dict[str, str]:
    head = "apiVersion: srcnet.skao.int/v1alpha2\nkind: DataPolicy\n"
    return {
        "campaign": f"""\
# Two copies in different regions, agreed.
{head}metadata: {{name: campaign}}
spec:
  selects: {{namespaces: [testing]}}
  volume: [{{from: 2026, amount: 150 TB}}]
  arrives: {{deadline: 7 d}}
  floor: 2
  phases: [{{name: kept, apart: region, copies: [{{count: 2, tier: online}}]}}]
  activity: User Subscriptions
""",
        "project": f"""\
# Two copies at different sites, agreed.
{head}metadata: {{name: project}}
spec:
  selects: {{namespaces: [project], product: project, telescope: [LOW, MID]}}
  volume:
    - {{from: 2026, rate: 1 PB/yr}}
    - {{from: 2030, rate: 4 PB/yr, status: draft, source: an estimate}}
  arrives: {{deadline: 7 d}}
  floor: 1
  phases:
    - {{name: fresh, until: 12 months, apart: site, copies: [{{count: 2, tier: online}}]}}
    - {{name: kept, apart: site, copies: [{{count: 1, tier: online}}]}}
  activity: User Subscriptions
""",
        "observatory": f"""\
# The volumes of full operations, a draft.
{head}metadata: {{name: observatory}}
spec:
  status: draft
  source: an estimate
  selects: {{namespaces: [observatory], product: observatory}}
  volume:
    - {{from: 2027, rate: 30 PB/yr}}
    - {{from: 2030, rate: 300 PB/yr}}
  arrives: {{deadline: 7 d}}
  floor: 1
  phases:
    - {{name: fresh, until: 12 months, apart: region, copies: [{{count: 2, tier: online}}]}}
    - {{name: archive, apart: region, copies: [{{count: 1, tier: online}}]}}
  activity: User Subscriptions
""",
    }


_SERVICES = (
    ("jupyterhub", "none"),
    ("soda_sync", "mounted"),
    ("soda_async", "mounted"),
    ("prepare_data", "mounted"),
    ("gatekeeper", "none"),
    ("canfar", "none"),
    ("carta", "none"),
    ("perfsonar", "none"),
    ("monitoring", "none"),
    ("echo", "none"),
    ("dask", "none"),
    ("cavern", "none"),
    ("binderhub", "none"),
    ("gaussconv", "any"),
)
_ON_KUBERNETES = _SERVICES[:12]


def _site(name: str, src: str, dice: Random, kubernetes: bool) -> str:
    host = f"{name.lower()}.example.org"
    names_today = "      nameToday: " + name.replace("-", "_") + "_XRD\n"
    today = names_today if dice.random() < 0.3 else ""
    offered = _ON_KUBERNETES if kubernetes else _SERVICES
    services = "".join(_service(service, storage, name, host, dice) for service, storage in offered)
    cluster = corpus_kubernetes.cluster(name) if kubernetes else ""
    return f"""\
# {name}: one place of {src}. The site's administrators keep this file.
# What is not known is left out; what is not agreed says so.
apiVersion: srcnet.skao.int/v1alpha2
kind: Site
metadata:
  name: {name}
  description: A place to measure with
spec:
  src: {src}
  country: {MEMBERS[src]}
  description: A computing centre
  alsoKnownAs: [{src} {name[-5:]} (Production), {src} {name[-5:]} (Pre-Production)]
  location:
    city: Town {name[-5:]}
    latitude: {dice.uniform(-60, 60):.4f}        # degrees, north is positive
    longitude: {dice.uniform(-180, 180):.4f}      # degrees, east is positive
    timezone: Etc/UTC

  contacts:
    - {{role: operations, email: operations@{host}}}
    - {{role: data, email: data@{host}}}
    - role: security
      email: security@{host}                # by day and by night

  network:
    wan: 100 Gbit/s
    srcnet: {dice.choice((10, 20, 40))} Gbit/s

  storage:
    # The area that holds copies of the federation's data.
    - name: {name}-T1
{today}      tier: online
      role: data
      system: xrootd
      capacity: {dice.randint(10, 90)} PB
      pledged: {dice.randint(1, 9)} PB
      posixMount: /srcnet/data
      endpoints:
        - &door
          protocol: davs
          host: xrootd.{host}
          port: 1094
          path: /srcnet/data
        - {{<<: *door, protocol: root, port: 1095, thirdPartyCopy: false}}
      transfers: &transfers
        fts: https://fts.example.org:8446
        tokens: true
    # For tests of the next release, with data that nobody misses.
    - name: {name}-T1-DEV
      environment: development
      tier: online
      system: xrootd
      capacity: 20 TB
      endpoints:
        - <<: *door
          host: dev-xrootd.{host}
          path: /srcnet/dev
      transfers: *transfers
    # Prepared for the next procurement; described, and left alone.
    - name: {name}-T0
      enabled: false
      tier: online
      system: ceph
      capacity: 100 TB
      endpoints: [{{protocol: https, host: ceph.{host}, port: 443, path: /srcnet}}]

  compute:
    - name: k8s
      hardware: container
      capabilities: [gpu, high-mem]
      description: "Kubernetes, on machines of the site's own"
{cluster}    - {{name: dev-k8s, environment: development, hardware: vm}}

  # What the site offers, in production and for development.
  services:
{services}"""


def _service(service: str, storage: str, site: str, host: str, dice: Random) -> str:
    """One offer in production, and the same for development by merge key or in flow style."""
    area = f"      storage: {site}-T1\n" if storage != "none" else ""
    version = f"{dice.randint(0, 4)}.{dice.randint(0, 20)}.{dice.randint(0, 9)}"
    return f"""\
    - &{service}
      service: {service}
      environment: production
      at: k8s
{area}      scheme: https
      host: {service.replace("_", "-")}.{host}
      port: 443
      path: /{service}
      version: "{version}"    # as of the last review
      mandatory: {dice.choice(("true", "false"))}
{_development(service, site, host, reads=bool(area), in_flow=dice.random() < 0.3)}"""


def _development(service: str, site: str, host: str, *, reads: bool, in_flow: bool) -> str:
    if in_flow:
        area = f" storage: {site}-T1-DEV," if reads else ""
        return f"""\
    - {{service: {service}, environment: development, enabled: false, at: dev-k8s,{area}
       scheme: https, host: {service.replace("_", "-")}.dev.{host}, path: /{service}}}
"""
    area = f"      storage: {site}-T1-DEV\n" if reads else ""
    return f"""\
    # the same for development
    - <<: *{service}
      environment: development
      enabled: false
      at: dev-k8s
{area}      host: dev.{host}

"""

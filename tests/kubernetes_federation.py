"""The golden federation with two Kubernetes clusters, made by hand: one that is shared and has
every operator, and a small one that has none."""

from dataclasses import replace
from typing import Any

from srcnet_compiler.federation.compute import Resources, Share
from srcnet_compiler.federation.kubernetes import (
    OPERATORS,
    Borrowing,
    Delivery,
    Deployed,
    KubernetesCluster,
)
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.federation.services import (
    Amounts,
    Container,
    Flow,
    Image,
    Mount,
    Port,
    Probe,
    Scaling,
    SecretVariable,
    SecurityPolicy,
    Service,
    Signer,
    Template,
)
from srcnet_compiler.source import parse
from srcnet_compiler.span import Origin

FILE = "policies/services/all.yaml"
TEXT = """\
kind: Everything
metadata: {name: everything}
spec:
  services:
    gateway:
      image: {digest: a, repository: b, version: c}
      ports: [{name: http}, {name: metrics}]
      scaling: {least: 2, most: 6}
      files: {/etc/nginx/nginx.conf: text}
      environment: {SITE: a, HOST: b, ID: c}
      flows: [{service: soda}, {hosts: [a]}]
      secrets: [{name: CLIENT_SECRET}]
      metrics: {port: metrics, path: /metrics}
    soda:
      image: {digest: a, repository: b}
      ports: [{name: http}]
      replicas: 2
      amounts: {cores: 1, memory: 2}
      environment: {ABS_PATH_RSE_ROOT: mount}
      mounts: [{what: area}, {what: scratch}]
    broker: {image: {digest: a}, ports: [{name: amqp}], workload: stateful}
    tidy: {image: {digest: a}, schedule: x}
    later: {image: {repository: a}}
  templates:
    notebook: {image: {digest: a}, mounts: [{what: area}, {what: scratch}], lasts: 4 h}
    reduce: {image: {digest: a}, amounts: {cores: 1}, groups: [/projects/eor], queue: batch}
  security: {registries: [a], digests: true, carries: [a, b], podSecurity: x, signers: [a]}
  compute:
    - name: lugano
      kubernetes: {version: x, gateway: x, share: {ceiling: x}, delivery: {how: push}}
    - name: small
      kubernetes: {version: x, ingressClass: x, delivery: {how: push}}
  deployed: {gateway: {host: x}, soda: {storage: x}, broker: {}, tidy: {}, later: {}}
"""
_DOCUMENT = parse(FILE, TEXT.encode()).value[0]


def at(*keys: str | int) -> Origin:
    return Origin(_DOCUMENT.source_map, ("spec", *keys))


def digest(letter: str) -> str:
    """A digest that no image of the world has: for tests alone."""
    return f"sha256:{letter * 64}"


def amounts(where: Origin, cores=None, memory=None, gpus=None, scratch=None) -> Amounts:
    return Amounts(cores, memory, gpus, scratch, where)


def container(*where: str, letter: str = "a", **changes: Any) -> Container:
    here = at(*where)
    name = where[-1]
    image = Image(
        f"registry.example.org/srcnet/{name}",
        digest(letter),
        "1.0",
        (),
        here.below("image"),
    )
    plain = Container(
        image=image,
        command=(),
        arguments=(),
        environment={},
        secrets=(),
        files={},
        ports=(),
        amounts=None,
        limits=None,
        mounts=(),
        ready=None,
        alive=None,
        user=1000,
        origin=here,
    )
    return replace(plain, **changes)


def service(name: str, what: Container, **changes: Any) -> Service:
    plain = Service(
        name=name,
        must=(),
        may_not=(),
        workload="deployment",
        schedule=None,
        replicas=1,
        scaling=None,
        container=what,
        path=None,
        storage="none",
        needs=(),
        flows=(),
        metrics=None,
        overrides=(),
        retired=False,
        drafts=(),
        origin=at("services", name),
    )
    return replace(plain, **changes)


def port(where: str, index: int, name: str, number: int, routed: bool = False) -> Port:
    return Port(name, number, "TCP", routed, at("services", where, "ports", index))


GIB = 2**30
_GATEWAY = at("services", "gateway")
_SODA = at("services", "soda")
SERVICES = (
    service(
        "data_gateway",
        container(
            "services",
            "gateway",
            ports=(
                port("gateway", 0, "http", 8080, routed=True),
                port("gateway", 1, "metrics", 9113),
            ),
            environment={
                "SITE": "{site}",
                "HOST": "https://{host}/x",
                "ID": "{identifier}",
                "A": "{b}",
            },
            files={"/etc/nginx/nginx.conf": "worker_processes 1;\n"},
            secrets=(
                SecretVariable(
                    "CLIENT_SECRET", Secret("vault", "/kv/gateway"), _GATEWAY.below("secrets", 0)
                ),
            ),
            amounts=amounts(_GATEWAY, 250, 512 * 2**20),
            limits=amounts(_GATEWAY, 1000, GIB),
            ready=Probe("http", "/ping", 10, 3, _GATEWAY),
            alive=Probe("http", None, 30, 3, _GATEWAY),
        ),
        scaling=Scaling(2, 6, 70, _GATEWAY.below("scaling")),
        path="/",
        needs=("soda-sync",),
        flows=(
            Flow("soda-sync", (), 8080, _GATEWAY.below("flows", 0)),
            Flow(None, ("192.0.2.0/24",), 443, _GATEWAY.below("flows", 1)),
        ),
        metrics=("metrics", "/metrics"),
        origin=_GATEWAY,
    ),
    service(
        "soda-sync",
        container(
            "services",
            "soda",
            letter="b",
            command=("/app",),
            arguments=("--port", "8080"),
            ports=(port("soda", 0, "http", 8080),),
            environment={"ABS_PATH_RSE_ROOT": "{mount}", "HOST": "{host}"},
            amounts=amounts(_SODA.below("amounts"), 2000, 4 * GIB),
            mounts=(
                Mount("area", "/rse", True, None, _SODA.below("mounts", 0)),
                Mount("scratch", "/tmp/soda", False, 20 * GIB, _SODA.below("mounts", 1)),
            ),
        ),
        replicas=2,
        storage="mounted",
        overrides=("replicas",),
        origin=_SODA,
    ),
    service(
        "broker",
        container("services", "broker", letter="c", ports=(port("broker", 0, "amqp", 5672),)),
        workload="stateful",
    ),
    service(
        "tidy",
        container("services", "tidy", letter="d"),
        workload="scheduled",
        schedule="5 2 * * *",
    ),
    service(
        "later",
        replace(
            container("services", "later"),
            image=Image(
                "registry.example.org/srcnet/later", None, None, (), at("services", "later")
            ),
        ),
    ),
)


def template(name: str, runs: str, queue: str, what: Container, **changes: Any) -> Template:
    plain = Template(name, runs, queue, what, (), None, False, (), at("templates", name))
    return replace(plain, **changes)


TEMPLATES = (
    template(
        "notebook",
        "session",
        "interactive",
        container(
            "templates",
            "notebook",
            letter="e",
            ports=(Port("http", 8888, "TCP", True, at("templates", "notebook")),),
            mounts=(
                Mount(
                    "scratch", "/scratch", False, 10 * GIB, at("templates", "notebook", "mounts", 1)
                ),
            ),
            amounts=amounts(at("templates", "notebook"), 2000, 8 * GIB, 1),
        ),
        lasts=4 * 3600,
    ),
    template(
        "reduce",
        "batch",
        "batch",
        container(
            "templates",
            "reduce",
            letter="f",
            mounts=(Mount("scratch", "/scratch", False, 500 * 10**9, at("templates", "reduce")),),
            amounts=amounts(at("templates", "reduce", "amounts"), 16_000, 64 * GIB),
        ),
        groups=("/projects/eor",),
    ),
)

SECURITY = SecurityPolicy(
    name="security",
    registries=("registry.example.org/srcnet",),
    digests=True,
    carries=("federated identity", "project"),
    pod_security="restricted",
    signers=(
        Signer("https://gitlab.example.org", "https://gitlab.example.org/ci", at("security")),
    ),
    drafts=(),
    origin=at("security"),
)


def push(index: int) -> Delivery:
    return Delivery("push", "", "", "", "", at("compute", index, "kubernetes", "delivery"))


def resources(where: Origin, cores=None, memory=None, gpus=None) -> Resources:
    return Resources(cores, memory, gpus, where)


_LUGANO = at("compute", 0, "kubernetes")
LUGANO = KubernetesCluster(
    site="CHSRC-CSCS",
    site_known_as="CHSRC-CSCS",
    name="lugano",
    environment="production",
    enabled=True,
    version=(1, 36),
    server="https://kube.example.ch:6443",
    certificate=None,
    secret=Secret("env", "CHSRC_KUBE"),
    read_secret=Secret("env", "CHSRC_KUBE_READING"),
    delivery=push(0),
    shared=True,
    operators=OPERATORS,
    gateway=("gateways", "public"),
    ingress_class=None,
    secret_store="vault",
    storage_class="fast",
    share=Share(
        guaranteed=resources(_LUGANO, 100, 400 * GIB),
        ceiling=resources(_LUGANO, 200, 1600 * GIB, 4),
        preemptible=True,
        drafts=(),
        origin=_LUGANO.below("share"),
    ),
    borrowing=Borrowing("research", "default", True, _LUGANO),
    queues=("batch", "interactive"),
    retired=False,
    drafts=(),
    origin=_LUGANO,
)
SMALL = replace(
    LUGANO,
    name="small",
    delivery=push(1),
    shared=False,
    operators=("ingress",),
    gateway=None,
    ingress_class="nginx",
    secret_store=None,
    storage_class=None,
    share=None,
    borrowing=None,
    queues=(),
    origin=at("compute", 1, "kubernetes"),
)


def deployed(name: str, cluster: KubernetesCluster, place: str, **changes: Any) -> Deployed:
    plain = Deployed(
        service=name,
        label=f"{name}-{cluster.name}",
        site=cluster.site,
        site_known_as=cluster.site_known_as,
        cluster=cluster.name,
        environment="production",
        host=None,
        area=None,
        replicas=None,
        amounts=None,
        variables={},
        retired=False,
        drafts=(),
        origin=at("deployed", place),
    )
    return replace(plain, **changes)


DEPLOYED = (
    deployed("broker", LUGANO, "broker"),
    deployed("data_gateway", LUGANO, "gateway", host="data.example.ch"),
    deployed("later", LUGANO, "later"),
    deployed("soda-sync", LUGANO, "soda", area="CHSRC-CSCS-T0", replicas=3),
    deployed("tidy", LUGANO, "tidy"),
    deployed("data_gateway", SMALL, "gateway", host="small.example.ch"),
)


def with_kubernetes(golden: Federation, **changes: Any) -> Federation:
    """The golden federation with all of this."""
    whole = replace(
        golden,
        kubernetes=(LUGANO, SMALL),
        services={each.name: each for each in SERVICES},
        templates={each.name: each for each in TEMPLATES},
        security=SECURITY,
        deployed=DEPLOYED,
    )
    return replace(whole, **changes)

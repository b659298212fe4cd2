"""The demo's Kubernetes part: a site runs a service on a cluster that another tenant uses too.

The API server is real, with its etcd: what it takes and refuses is what any cluster would. There
are no nodes, so nothing starts.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from srcnet_compiler.converge import systems_of
from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.converging import Run, converge
from srcnet_compiler.demo.kubernetes_api import ApiServer, RefusedError
from srcnet_compiler.demo.show import Show
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.plan.model import Verdict

SITE, SPEC = "CHSRC-CSCS", "site-specs/chsrc-cscs.yaml"
NAME = "platform"
REGISTRY = "registry.example.org/srcnet"
DIGEST = f"sha256:{sha256(b'the image of a demo, which nothing ever runs').hexdigest()}"
THEIRS = "weather"
"""The namespace of the other tenant."""
PROPAGATION_SECONDS = 30
"""How long an API server may take until it obeys a policy that it was just given."""
POLICIES = {
    "services/echo": f"""\
apiVersion: srcnet.skao.int/v1alpha2
kind: Service
metadata: {{name: echo}}
spec:
  status: agreed
  source: the demo
  image: {{repository: {REGISTRY}/echo, digest: {DIGEST}}}
  replicas: 2
  ports: {{http: {{port: 8080}}}}
  resources: {{cores: 0.25, memory: 128 MiB}}
  ready: {{port: http, path: /}}
""",
    "security": f"""\
apiVersion: srcnet.skao.int/v1alpha2
kind: SecurityPolicy
metadata: {{name: security}}
spec:
  status: agreed
  source: the demo
  registries: [{REGISTRY}]
  workloadsCarry: [federated identity, project]
""",
}
CLUSTER = """\
    - name: {name}                         # lent by its site, and used by others too
      kubernetes:
        version: "{version}"
        server: {url}
        certificateAuthority: |
{certificate}
        credentials: {{secretRef: {{file: {token}}}}}
        share: {{ceiling: {{cores: 8, memory: 16 GiB, gpus: 0}}}}
"""
SERVICE = f"""\
    - {{service: echo, name: echo on the platform, at: {NAME}}}
"""


def why_not(built: Path) -> str | None:
    """Why no API server can be shown here; None: one can."""
    return kubernetes_server.why_not(built)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Another who uses the cluster: what is there of it."""

    server: ApiServer

    def settle(self) -> None:
        """Move in."""
        server, manager = self.server, "weather-forecast"
        spaces = f"/api/v1/namespaces/{THEIRS}"
        metadata = {"name": THEIRS, "labels": {"tenant": THEIRS}}
        server.apply(spaces, _document("v1", "Namespace", metadata), manager=manager)
        for path, document in (
            (
                "resourcequotas/all",
                _document("v1", "ResourceQuota", {"name": "all"}, spec={"hard": {"pods": "50"}}),
            ),
            (
                "configmaps/model",
                _document("v1", "ConfigMap", {"name": "model"}, data={"grid": "2 km"}),
            ),
        ):
            server.apply(f"{spaces}/{path}", document, manager=manager)

    def seen(self) -> str:
        """Its namespace and all that lies in it, as the server holds it."""
        here = f"/api/v1/namespaces/{THEIRS}"
        things = [self.server.ask("GET", f"{here}/{each}")["items"] for each in _KINDS]
        return json.dumps([self.server.ask("GET", here), things])


_KINDS = ("resourcequotas", "limitranges", "configmaps", "secrets", "services", "pods")


@contextmanager
def running(folder: Path, built: Path, note: Callable[[str], None]) -> Iterator[ApiServer]:
    """An API server on which another tenant lives."""
    with kubernetes_server.running(folder, built, progress=note) as server:
        Tenant(server).settle()
        yield server


def join(run: Run, built: Path) -> tuple[Verdict, ...]:
    """Let a site run a service on its cluster; none where no API server runs on this machine."""
    show = run.show
    show.title("A site runs a service on a Kubernetes cluster that others use too")
    reason = why_not(built)
    if reason is not None:
        show.text(f"left out: {reason}\n")
        return ()
    with (
        TemporaryDirectory(prefix="srcnet-demo-kubernetes-") as scratch,
        running(Path(scratch) / "server", built, show.note) as server,
    ):
        tenant = Tenant(server)
        before = tenant.seen()
        describe(run.specs, server)
        compiled = compile_specs(run.specs, run.today)
        if compiled.failed:
            raise RuntimeError(compiled.diagnostics[0].message)
        wanted = tuple(
            lowered
            for lowered in systems_of(compiled, SITE)
            if lowered.model.instance == f"{SITE}.{NAME}"
        )
        verdicts = converge(run, compiled, {}, wanted, brief=True)
        _try_pods(server, show)
        show.title("What the other tenant sees of it")
        if tenant.seen() != before:
            raise RuntimeError(f"things of others have changed in namespace {THEIRS}")
        show.text(f"  namespace {THEIRS}, to the byte: as before\n")
        return verdicts


def describe(specs: Path, server: ApiServer) -> None:
    """Write into the specs what the site, and those who decide on policy, would."""
    token = specs / ".srcnet/kubernetes-token"
    token.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    token.touch(mode=0o600)
    token.write_text(server.token, "ascii")
    certificate = "".join(f"          {line}\n" for line in server.certificate.splitlines())
    entry = CLUSTER.format(
        name=NAME,
        version=".".join(server.version.split(".")[:2]),
        url=server.url,
        certificate=certificate.rstrip(),
        token=token,
    )
    path = specs / SPEC
    text = path.read_text("utf-8")
    text = text.replace("  compute:\n", f"  compute:\n{entry}", 1)
    path.write_text(text.replace("  services:\n", f"  services:\n{SERVICE}", 1), "utf-8")
    for name, content in POLICIES.items():
        place = specs / f"policies/{name}.yaml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(content, "utf-8")


def _try_pods(server: ApiServer, show: Show) -> None:
    """What the server says to images that are not what the federation lets in."""
    show.title("Somebody tries other images in the federation's namespace")
    (namespace,) = (
        each["metadata"]["name"]
        for each in server.ask("GET", "/api/v1/namespaces")["items"]
        if each["metadata"]["name"].endswith("-services")
    )
    for image, is_let_in in (
        (f"{REGISTRY}/echo:latest", False),
        (f"registry.example.com/miner@{DIGEST}", False),
        (f"{REGISTRY}/echo@{DIGEST}", True),
    ):
        said = _answer(server, namespace, image, is_let_in)
        if (said is None) is not is_let_in:
            raise RuntimeError(f"{image}: {said or 'let in'}")
        show.text(f"  {image.partition('@')[0]}: {said or 'let in'}\n")


def _answer(server: ApiServer, namespace: str, image: str, is_let_in: bool) -> str | None:
    """Why a Pod of this image is refused; None: it is not. Tried until the policy is in force."""
    deadline = monotonic() + PROPAGATION_SECONDS
    while True:
        try:
            server.ask("POST", f"/api/v1/namespaces/{namespace}/pods", _pod(image), dryRun="All")
            said = None
        except RefusedError as refusal:
            said = str(refusal).rpartition("denied request: ")[2]
        if (said is None) is is_let_in or monotonic() > deadline:
            return said
        sleep(0.5)


def _pod(image: str) -> dict[str, Any]:
    """A Pod that is right in all but, perhaps, its image."""
    some = {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "100M"}
    container = {
        "name": "main",
        "image": image,
        "resources": {"requests": some, "limits": some},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    security = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return _document(
        "v1",
        "Pod",
        {"name": "trial"},
        spec={"containers": [container], "securityContext": security},
    )


def _document(
    version: str, kind: str, metadata: Mapping[str, Any], **rest: object
) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": dict(metadata), **rest}

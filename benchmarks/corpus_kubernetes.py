"""What a federation to measure with has on Kubernetes: a cluster at each site, alike but for names.

Services are of each form, and use what the specs have for them: files, secrets, scratch, the files
of an area, settings that each site has another value for.
"""

from collections.abc import Iterator, Mapping

HEAD = "apiVersion: srcnet.skao.int/v1alpha2\n"
_REGISTRY = "registry.example.org/srcnet"
_FORMS = ("deployment", "stateful", "scheduled", "deployment")


def cluster(name: str) -> str:
    """The part of a site's compute that makes it a cluster."""
    return f"""\
      kubernetes:
        version: "1.36"
        server: https://k8s.{name.lower()}.example.org:6443
        credentials: {{secretRef: {{env: SRCNET_KUBERNETES_TOKEN}}}}
        shared: true
        operators: [external-secrets, gateway-api, kueue, policy-controller, prometheus]
        gateway: {{namespace: gateways, name: public}}
        secretStore: vault
        storageClass: fast
        share:
          guaranteed: {{cores: 200, memory: 800 GiB, gpus: 1}}
          ceiling: {{cores: 400, memory: 1600 GiB, gpus: 4}}
          preemptible: true
        kueue: {{cohort: federation, flavor: default, lends: true}}
        queues: [batch, interactive]
"""


def policies(services: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names of files and what they say; `services` are names, and which storage they need."""
    yield "compute", _COMPUTE
    yield "security", _SECURITY
    yield "templates", _TEMPLATES
    for number, (name, storage) in enumerate(services.items()):
        yield f"service-{name}", _service(number, name, storage)


def _service(number: int, name: str, storage: str) -> str:
    form = _FORMS[number % len(_FORMS)]
    area = "    - {storage: area, at: /data, readOnly: true}\n" if storage == "mounted" else ""
    serves = _SCHEDULED if form == "scheduled" else _SERVING.format(name=name)
    replicas = "" if form == "scheduled" else "  replicas: 2\n"
    return f"""\
{HEAD}kind: Service
metadata: {{name: {name}, description: measured}}
spec:
  image:
    repository: {_REGISTRY}/{name.replace("_", "-")}
    digest: sha256:{number:064x}
  command: [/opt/service/bin/serve]
  arguments: [--listen=8080, --quiet]
  runs: {form}
{replicas}{serves}\
  resources: {{cores: 0.5, memory: 1 GiB, scratch: 5 GB}}
  limits: {{cores: 2, memory: 2 GiB, scratch: 10 GB}}
  env:
    SITE: "{{site}}"
    SERVICE_UUID: "{{identifier}}"
    LOG_LEVEL: info
    LOG_FORMAT: json
    IDENTITY_PROVIDER: https://iam.example.org/
    WORKERS: "4"
  secrets:
    CLIENT_ID: {{secretRef: {{vault: /srcnet/{name}/client-id}}}}
    CLIENT_SECRET: {{secretRef: {{vault: /srcnet/{name}/client-secret}}}}
  files: {{/etc/service/service.conf: "workers = 4\\nquiet = yes\\n"}}
  mounts:
{area}    - {{scratch: 5 GB, at: /scratch}}
  user: 1000
"""


_SCHEDULED = '  schedule: "0 3 * * *"\n'
_SERVING = """\
  path: /{name}
  ports:
    http: {{port: 8080, protocol: TCP, routed: true}}
    metrics: {{port: 9090}}
  ready: {{port: http, path: /ping, every: 10 s, failures: 3}}
  alive: {{port: http, every: 30 s, failures: 5}}
  metrics: {{port: metrics, path: /metrics}}
"""

_COMPUTE = f"""\
{HEAD}kind: ComputePolicy
metadata: {{name: queues}}
spec:
  prefix: ska
  queues:
    batch: {{walltime: 48 h, priority: low, preemptible: true}}
    interactive: {{walltime: 8 h, priority: high, perUser: {{cores: 16, memory: 64 GiB, jobs: 2}}}}
  scratch: {{perJob: required, amount: 100 GB, cleanup: at job end}}
  identity: {{everyJobCarries: [federated identity, project, image digest]}}
"""

_SECURITY = f"""\
{HEAD}kind: SecurityPolicy
metadata: {{name: security}}
spec:
  registries: [{_REGISTRY}]
  digests: required
  workloadsCarry: [federated identity, project]
  podSecurity: restricted
  signers: [{{issuer: "https://gitlab.example.org", subject: "https://gitlab.example.org/images"}}]
"""

_TEMPLATES = f"""\
{HEAD}kind: WorkflowTemplate
metadata: {{name: notebook}}
spec:
  runs: session
  queue: interactive
  image: {{repository: {_REGISTRY}/notebook, digest: sha256:{100:064x}}}
  ports: {{http: {{port: 8888}}}}
  resources: {{cores: 2, memory: 8 GiB, scratch: 20 GB}}
  limits: {{cores: 4, memory: 16 GiB, scratch: 20 GB}}
  mounts: [{{scratch: 20 GB, at: /home/user}}]
  groups: [/roles/prod/user]
  lasts: 8 h
---
{HEAD}kind: WorkflowTemplate
metadata: {{name: imaging}}
spec:
  runs: batch
  queue: batch
  image: {{repository: {_REGISTRY}/imaging, digest: sha256:{101:064x}}}
  command: [/bin/image]
  groups: [/roles/prod/user]
  resources: {{cores: 8, memory: 32 GiB, gpus: 1, scratch: 200 GB}}
"""

"""The kinds of objects that we write: where the API serves them, their order, what never changes.

`rank` orders what is made: a namespace before what lies in it, a class before who names it, what
guards before what it guards.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. `api` is its apiVersion, `plural` its name in addresses. `fixed` are the beginnings
    of paths that the API server lets nobody change: such a change is a replacement, which is made
    only where the object holds no data (`replaceable`). `operator` None: every server has it."""

    name: str
    api: str
    plural: str
    rank: int
    namespaced: bool = True
    fixed: tuple[str, ...] = ()
    replaceable: bool = True
    operator: str | None = None

    @property
    def root(self) -> str:
        """Where the API serves its group."""
        return f"/api/{self.api}" if "/" not in self.api else f"/apis/{self.api}"

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where the API serves an object, or with no name all of a namespace, or of the cluster."""
        inside = f"/namespaces/{namespace}" if namespace else ""
        below = f"/{name}" if name else ""
        return f"{self.root}{inside}/{self.plural}{below}"


_CLUSTER = False

_ALL = (
    Kind("Namespace", "v1", "namespaces", 0, _CLUSTER, replaceable=False),
    Kind(
        "PriorityClass",
        "scheduling.k8s.io/v1",
        "priorityclasses",
        1,
        _CLUSTER,
        ("value", "preemptionPolicy"),
    ),
    Kind(
        "ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicies",
        2,
        _CLUSTER,
    ),
    Kind(
        "ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/v1",
        "validatingadmissionpolicybindings",
        3,
        _CLUSTER,
    ),
    Kind(
        "ClusterImagePolicy",
        "policy.sigstore.dev/v1beta1",
        "clusterimagepolicies",
        3,
        _CLUSTER,
        operator="policy-controller",
    ),
    Kind("ResourceQuota", "v1", "resourcequotas", 4),
    Kind("LimitRange", "v1", "limitranges", 4),
    Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies", 4),
    Kind("ServiceAccount", "v1", "serviceaccounts", 5),
    Kind("Role", "rbac.authorization.k8s.io/v1", "roles", 5),
    Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings", 6, fixed=("roleRef",)),
    Kind("Cohort", "kueue.x-k8s.io/v1beta2", "cohorts", 5, _CLUSTER, operator="kueue"),
    Kind(
        "ResourceFlavor", "kueue.x-k8s.io/v1beta2", "resourceflavors", 5, _CLUSTER, operator="kueue"
    ),
    Kind(
        "WorkloadPriorityClass",
        "kueue.x-k8s.io/v1beta2",
        "workloadpriorityclasses",
        5,
        _CLUSTER,
        ("value",),
        operator="kueue",
    ),
    Kind("ClusterQueue", "kueue.x-k8s.io/v1beta2", "clusterqueues", 6, _CLUSTER, operator="kueue"),
    Kind(
        "LocalQueue",
        "kueue.x-k8s.io/v1beta2",
        "localqueues",
        7,
        fixed=("spec.clusterQueue",),
        operator="kueue",
    ),
    Kind(
        "PersistentVolume",
        "v1",
        "persistentvolumes",
        7,
        _CLUSTER,
        ("spec.nfs", "spec.hostPath", "spec.local", "spec.csi"),
        replaceable=False,
    ),
    Kind(
        "PersistentVolumeClaim",
        "v1",
        "persistentvolumeclaims",
        8,
        fixed=("spec",),
        replaceable=False,
    ),
    Kind("ConfigMap", "v1", "configmaps", 8),
    Kind(
        "ExternalSecret",
        "external-secrets.io/v1",
        "externalsecrets",
        8,
        operator="external-secrets",
    ),
    Kind("PodTemplate", "v1", "podtemplates", 9),
    Kind("Service", "v1", "services", 9, fixed=("spec.clusterIP",)),
    Kind("Deployment", "apps/v1", "deployments", 10, fixed=("spec.selector",)),
    Kind(
        "StatefulSet",
        "apps/v1",
        "statefulsets",
        10,
        fixed=("spec.selector", "spec.serviceName", "spec.volumeClaimTemplates"),
    ),
    Kind("CronJob", "batch/v1", "cronjobs", 10),
    Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets", 11),
    Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers", 11),
    Kind("HTTPRoute", "gateway.networking.k8s.io/v1", "httproutes", 12, operator="gateway-api"),
    Kind("Ingress", "networking.k8s.io/v1", "ingresses", 12),
    Kind(
        "ServiceMonitor", "monitoring.coreos.com/v1", "servicemonitors", 12, operator="prometheus"
    ),
    Kind("Probe", "monitoring.coreos.com/v1", "probes", 12, operator="prometheus"),
    Kind("GitRepository", "source.toolkit.fluxcd.io/v1", "gitrepositories", 13, operator="flux"),
    Kind("Kustomization", "kustomize.toolkit.fluxcd.io/v1", "kustomizations", 14, operator="flux"),
    Kind("AppProject", "argoproj.io/v1alpha1", "appprojects", 13, operator="argocd"),
    Kind("Application", "argoproj.io/v1alpha1", "applications", 14, operator="argocd"),
)
KINDS = {kind.name: kind for kind in _ALL}
"""Every kind, by its name: no two of those that we write have the same."""

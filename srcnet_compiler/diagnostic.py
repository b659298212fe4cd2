"""What the compiler tells its user."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Generic, TypeVar

from srcnet_compiler.span import Span

T = TypeVar("T")


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


class Code(Enum):
    """One member per kind of finding; its page is docs/diagnostics/<value>.md."""

    # reading files
    UNREADABLE = "unreadable-file"
    SYNTAX = "yaml-syntax"
    ENCODING = "not-utf-8"
    TOO_LARGE = "too-large"
    DUPLICATE_KEY = "duplicate-key"
    EMPTY = "empty-document"
    HIDDEN_CHARACTER = "hidden-character"
    NOT_PLAIN = "not-plain-data"
    WRONG_ALIAS = "wrong-alias"
    # shape
    UNKNOWN_KIND = "unknown-kind"
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    SHAPE = "wrong-shape"
    WRONG_FOLDER = "wrong-folder"
    OLDER_VERSION = "older-version"
    UNKNOWN_VERSION = "unknown-version"
    # linking
    QUANTITY = "wrong-quantity"
    DATE = "wrong-date"
    DUPLICATE_NAME = "duplicate-name"
    UNKNOWN_NAME = "unknown-name"
    NO_FEDERATION = "no-federation"
    WRONG_ACCOUNT = "wrong-account"
    WRONG_WITHIN = "wrong-within"
    # names
    NAME_RULE = "name-against-rule"
    LEGACY_NAME = "legacy-name"
    RESERVED_NAME = "reserved-name"
    ENVIRONMENT_IN_NAME = "environment-in-name"
    # storage and services
    ONE_NAME_SEVERAL_HOSTS = "one-name-several-hosts"
    SHARED_PLACE = "shared-place"
    PLAIN_HTTP = "plain-http-under-tokens"
    AREA_WITHOUT_ENDPOINTS = "area-without-endpoints"
    LOCAL_HOST = "local-host"
    SYSTEM_CONTRADICTED = "system-contradicted"
    SERVICE_WITHOUT_STORAGE = "service-without-storage"
    NO_MOUNTABLE_AREA = "no-mountable-area"
    SERVICE_PATHS_DIFFER = "service-paths-differ"
    PLEDGE_OVER_CAPACITY = "pledge-over-capacity"
    TIER_AGAINST_CLASS = "tier-against-class"
    # data policies
    TOO_FEW_AREAS = "too-few-areas"
    NESTED_AREAS = "nested-areas"
    NO_ARRIVAL_AREA = "no-arrival-area"
    ACTIVITY_NOT_SERVED = "activity-not-served"
    SELECTOR_NOT_EXPRESSIBLE = "selector-not-expressible"
    POLICIES_OVERLAP = "policies-overlap"
    FLOOR_OVER_COPIES = "floor-over-copies"
    FLOOR_OF_NOTHING = "floor-of-nothing"
    PHASE_NEVER_BEGINS = "phase-never-begins"
    WRONG_IDENTIFIER = "wrong-identifier"
    IDENTIFIERS_COLLIDE = "identifiers-collide"
    COPIES_ON_CACHE = "copies-on-cache"
    NO_EXTRA_AREA = "no-extra-area"
    END_NOT_CLEAR = "end-not-clear"
    END_OVER_LIMIT = "end-over-limit"
    OVER_CAPACITY = "area-over-capacity"
    TIER_OVER_CAPACITY = "tier-over-capacity"
    WORST_CASE = "worst-case-over-capacity"
    TRANSFERS_OVER_RATE = "transfers-over-rate"
    NO_COPY_REGION = "region-without-area"
    # compute
    WRONG_NODES = "wrong-nodes"
    NODES_OVERLAP = "nodes-overlap"
    GUARANTEED_OVER_CEILING = "guaranteed-over-ceiling"
    SHARE_OVER_NODES = "share-over-nodes"
    NO_GPU = "gpu-where-none"
    NO_COMPUTE_POLICY = "no-compute-policy"
    NO_FRAGMENT = "no-fragment"
    NO_TIME_ZONE = "no-time-zone"
    WINDOW_AT_CHANGE = "window-at-time-change"
    WINDOW_FOR_OTHERS = "window-for-other-queue"
    WINDOWS_OVER_NODES = "windows-over-nodes"
    QUEUE_WITHOUT_WINDOW = "queue-without-window"
    QUEUE_FOR_NOBODY = "queue-for-nobody"
    SLURM_CANNOT_EXPRESS = "slurm-cannot-express"
    SHARES_OVER_WHOLE = "shares-over-whole"
    ALLOCATIONS_OVERLAP = "allocations-overlap"
    ALLOCATION_REVERSED = "allocation-reversed"
    OVER_ALLOCATED = "allocation-over-share"
    # what runs on Kubernetes
    NO_DIGEST = "image-without-digest"
    MOVING_VERSION = "version-that-moves"
    REGISTRY_NOT_ALLOWED = "registry-not-allowed"
    PLAIN_SECRET = "plain-secret"
    TLS_UNCHECKED = "tls-not-checked"
    LIMIT_UNDER_RESOURCES = "limit-under-resources"
    WRONG_PORT = "wrong-port"
    WRONG_SCHEDULE = "wrong-schedule"
    SCALING_REVERSED = "scaling-reversed"
    LASTS_TOO_LONG = "lasts-too-long"
    WRONG_MOUNT = "wrong-mount"
    UNKNOWN_WORD = "unknown-word-in-value"
    NAME_FOR_KUBERNETES = "name-not-for-kubernetes"
    SERVICE_MISSING = "service-missing"
    SERVICE_NOT_WANTED = "service-not-wanted"
    VERSION_DIFFERS = "version-differs"
    NEEDS_MISSING = "needed-service-missing"
    AREA_NOT_MOUNTED = "area-not-mounted"
    NOT_FOR_SITES = "not-for-sites-to-set"
    RUNS_OVER_SHARE = "runs-over-share"
    GPUS_BORROWED = "gpus-only-borrowed"
    OPERATOR_MISSING = "operator-missing"
    HOST_OF_OTHERS = "host-of-other-environment"
    # pipelines
    NO_PIPELINES = "no-pipelines"
    SHARED_ENVIRONMENT = "shared-environment"
    NOBODY_APPROVES = "nobody-approves"
    # membership
    WRONG_MEMBERSHIP = "wrong-membership"
    GROUP_NOT_EXPORTED = "group-not-exported"
    NO_LOCAL_NAME = "user-without-local-name"
    # lifecycle documents
    WAIVER_EXPIRED = "waiver-expired"
    WAIVER_UNUSED = "waiver-unused"
    WAIVER_REFUSED = "waiver-refused"
    DOWNTIME = "downtime-reversed"
    FREEZE = "freeze-reversed"
    # importing
    MISSING_FIELD = "missing-field"
    LATER_FIELD = "later-field"
    WRONG_VALUE = "wrong-value"
    BLANKS_AROUND = "blanks-around-value"
    ADDRESS_AS_PATH = "address-as-path"
    WRONG_COUNTRY = "wrong-country"
    SERVICE_WITHOUT_ADDRESS = "service-without-address"
    SAME_IDENTITY = "same-identity"
    NAMES_COLLIDE = "names-collide"
    DANGLING_AREA = "dangling-area"
    SERVICE_TYPE = "service-type-contradicted"
    MANDATORY_DIFFERS = "mandatory-differs"
    IDENTITY_GONE = "identity-gone"
    NOT_IMPORTED = "not-imported"
    IMPORT_DIFFERS = "import-differs"
    NOT_MERGED = "not-merged"
    # artifacts
    RULE_AGAINST_POLICY = "rule-against-policy"
    BELOW_FLOOR = "below-floor"
    REFUSED_BY_SYSTEM = "refused-by-system"
    # plan and apply
    OVER_LIMIT = "over-limit"
    RESTS_ON_DRAFT = "rests-on-draft"
    NOT_OURS = "not-ours"
    # on the real system
    AREA_NOT_DESCRIBED = "area-not-described"
    RENAME_TAKEN = "rename-taken"
    POLICY_NOT_IN_FORCE = "policy-not-in-force"
    CLOSED_FOR_WRITING = "closed-for-writing"
    ENDPOINT_NOT_DESCRIBED = "endpoint-not-described"
    ARRIVAL_OVERDUE = "arrival-overdue"
    LIKELY_MOVE = "likely-move"


@dataclass(frozen=True, slots=True)
class Label:
    """A place and what is to be seen there."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """What certainly mends a finding: `text` instead of what stands at `span`, and `also` what must
    be written with it in other places of the same file: all of it or nothing.

    Where two people might mean different things there is none: then `help` says what there is.
    """

    span: Span
    text: str
    also: "tuple[Fix, ...]" = ()

    @property
    def parts(self) -> "tuple[Fix, ...]":
        """Every place to be written, each by itself."""
        alone = Fix(self.span, self.text)
        return (alone, *(part for each in self.also for part in each.parts))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding about the user's input. The first label is the place to look at first.

    `subject` is the name of the object the finding is about: what a `Waiver` sets aside.
    """

    code: Code
    severity: Severity
    message: str
    labels: tuple[Label, ...]
    help: str | None = None
    subject: str | None = None
    fix: Fix | None = None


def error(
    code: Code,
    message: str,
    *labels: Label,
    help: str | None = None,
    subject: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """A finding that must be mended before anything is compiled."""
    return Diagnostic(code, Severity.ERROR, message, labels, help, subject, fix)


def warning(
    code: Code,
    message: str,
    *labels: Label,
    help: str | None = None,
    subject: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """A finding to know about; work goes on."""
    return Diagnostic(code, Severity.WARNING, message, labels, help, subject, fix)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """A stage's value, when it could make one, and everything it found on the way."""

    value: T | None
    diagnostics: tuple[Diagnostic, ...] = ()


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether the pipeline must stop after this stage."""
    return any(found.severity is Severity.ERROR for found in diagnostics)


def fingerprints(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """A name for each finding, by which a later run knows it again.

    It depends on code, file, subject and message, not on lines and not on figures outside
    backticks: moving a block or changing an amount leaves the finding the same. Findings that
    agree in all of these are numbered.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    names = []
    for found in diagnostics:
        file = found.labels[0].span.file if found.labels else ""
        key = (found.code.value, file, found.subject or "", _without_figures(found.message))
        content = "\0".join((*key, str(seen[key])))
        names.append(sha256(content.encode(errors="surrogatepass")).hexdigest()[:32])
        seen[key] += 1
    return tuple(names)


def _without_figures(message: str) -> str:
    quoted_or_not = message.split("`")
    quoted_or_not[::2] = [re.sub(r"[0-9]+(\.[0-9]+)?", "0", part) for part in quoted_or_not[::2]]
    return "`".join(quoted_or_not)

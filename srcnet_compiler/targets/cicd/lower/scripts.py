"""The lines that are run, the same on every forge: git and srcnet, nothing that a forge fills in.

What differs from run to run comes from the environment, and is quoted.
"""

from srcnet_compiler.federation.pipelines import Build, Pipelines
from srcnet_compiler.targets.cicd.lower.parts import Part

MARKER = "srcnet:diff"
"""By this mark a comment of ours is found again and written anew."""
FINDINGS = "findings.sarif"
COMMENT = "comment.md"
PLAN = "plan.json"
APPROVED = "approved.txt"
SIGNED = "plan.dsse"
WAITING = 6
"""The exit code of what waits for a fact: a later run goes on."""

VALIDATE = (
    f"srcnet validate --format markdown > {COMMENT} || true",
    f"srcnet validate --format sarif > {FINDINGS}",
)
COMPILE = ("srcnet compile", "srcnet pipelines --check")
DIFF = (f'srcnet diff "$BASE...$HEAD" --format markdown --out {COMMENT}',)
SAY = f"srcnet forge comment --marker {MARKER} {COMMENT}"
SCAN = f"srcnet forge findings {FINDINGS}"


def install(pipelines: Pipelines) -> str:
    """The compiler, so that `srcnet` is found. No file of the checked-out tree stands in for a
    module of Python's: the same job has credentials later."""
    what = pipelines.compiler
    return f"python3 -P -m pip install --quiet --disable-pip-version-check {what}"


def plan(part: Part) -> str:
    """What would change of a part, as a file."""
    return f"srcnet plan {part.options} --out {PLAN}"


APPROVALS = (
    f"srcnet forge approvals --out {APPROVED}",
    f"srcnet approvals --plan {PLAN} --approved-by {APPROVED}",
)


def sign(pipelines: Pipelines, *, agreed: bool = False) -> tuple[str, ...]:
    """The signature beside the plan, where plans are signed; `agreed`: of the record of who has
    agreed as well."""
    key = pipelines.signing_key
    record = f" --approved-by {APPROVED}" if agreed else ""
    return () if key is None else (f"srcnet sign {PLAN} --key env:{key}{record}",)


_UNLESS_WAITING = f'|| (code=$?; test "$code" -eq {WAITING} || exit "$code")'
"""What waits is no failure; any other exit code stays what it is."""


def apply(pipelines: Pipelines) -> str:
    """Do what was planned; where plans are signed, only with the signature of one that is trusted,
    whether or not the settings of the checked-out tree still ask for it."""
    signed = "" if pipelines.signing_key is None else f" --signature {SIGNED}"
    return f"srcnet apply {PLAN}{signed} --yes {_UNLESS_WAITING}"


def verify(part: Part) -> str:
    """The proof; what waits for a fact is no drift."""
    return f"srcnet verify {part.options} {_UNLESS_WAITING}"


def drift(part: Part, pipelines: Pipelines, heals: bool) -> tuple[str, ...]:
    """Look; go on with what waited; then heal, or tell people by one issue.

    What somebody would have to approve is not healed: it is told. What was merged and then refused
    is no drift, and does not wait.
    """
    title = f'--title "Drift of {part.title}"'
    agreed = f"srcnet approvals --plan {PLAN} --waiting"
    carry_on = (plan(part), agreed, *sign(pipelines), f"{{ {apply(pipelines)}; }}")
    asked = f"srcnet approvals --plan {PLAN} --drift"
    heal = (
        plan(part),
        asked,
        *sign(pipelines),
        f"{{ {apply(pipelines)}; }}",
        f"{{ {verify(part)}; }}",
    )
    tell = f"srcnet forge issue {title} drift.txt"
    return (
        "code=0",
        f"srcnet verify {part.options} > drift.txt || code=$?",
        "cat drift.txt",
        'case "$code" in',
        f"0) srcnet forge issue {title} --close ;;",
        f"{WAITING})",
        *_one_after_another(carry_on),
        ";;",
        "4)",
        *(("{", *_one_after_another(heal), "} || {", tell, "exit 4", "}") if heals else ()),
        *(() if heals else (tell, "exit 4")),
        ";;",
        '*) exit "$code" ;;',
        "esac",
    )


def _one_after_another(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Each only where the one before went well, also where a shell would go on."""
    return (*(f"{line} &&" for line in lines[:-1]), lines[-1])


# ── images ────────────────────────────────────────────────────────────────────────────────────


def fetch(build: Build) -> tuple[str, ...]:
    """The source of an image, in the folder `source`."""
    where = build.repository or "."
    return (f"git clone --quiet --depth 1 --branch {build.branch} {where} source",)


def tests(build: Build) -> tuple[str, ...]:
    """What must pass, in the folder of the image."""
    return tuple(f"(cd source/{build.folder} && {line})" for line in build.test)


COMMIT = "commit.txt"
MADE = ("digest.txt", "reference.txt", "sbom.json")
"""What is handed on of an image: what it is known by, where it is, what is in it."""
TESTED = f"git -C source rev-parse HEAD > {COMMIT}"
IS_TESTED = f'test "$(git -C source rev-parse HEAD)" = "$(cat {COMMIT})"'
"""The branch may have moved between two jobs: what nobody tested is not published."""


def is_ours(build: Build) -> tuple[str, ...]:
    """Nothing else is signed than an image of this name by its digest."""
    return (
        f'test "$(cat reference.txt)" = "{build.image}@$(cat digest.txt)"',
        "grep -Eqx 'sha256:[0-9a-f]{64}' digest.txt",
    )


def publish(build: Build) -> tuple[str, ...]:
    """The image, known from now on by what it holds: `digest.txt`."""
    return (
        'commit="$(git -C source rev-parse HEAD)"',
        f'docker build --tag "{build.image}:$commit" source/{build.folder}',
        f'docker push "{build.image}:$commit"',
        "docker image inspect --format '{{index .RepoDigests 0}}'"
        f' "{build.image}:$commit" > reference.txt',
        "cut -d@ -f2 reference.txt > digest.txt",
        "grep -Eqx 'sha256:[0-9a-f]{64}' digest.txt",
    )


LOGIN = (
    'printf %s "$SRCNET_REGISTRY_PASSWORD"'
    ' | docker login --username "$SRCNET_REGISTRY_USER" --password-stdin "$SRCNET_REGISTRY"'
)


def registry(build: Build) -> str:
    """The host of the registry that an image is published to."""
    return build.image.partition("/")[0]


def contents(syft: str) -> tuple[str, ...]:
    """What is in the image, as SPDX."""
    mount = '"$HOME/.docker/config.json:/config/config.json:ro"'
    return (
        f"docker run --rm --volume {mount} --env DOCKER_CONFIG=/config"
        f' {syft} scan "registry:$(cat reference.txt)" --output spdx-json > sbom.json',
    )


def signature(cosign: str, tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Who made the image and what is in it, signed without a key of ours."""
    told = " ".join(f"--env {name}" for name in tokens)
    run = (
        'docker run --rm --volume "$HOME/.docker/config.json:/config/config.json:ro"'
        ' --volume "$PWD/sbom.json:/sbom.json:ro" --env DOCKER_CONFIG=/config'
        f" {told} {cosign}"
    )
    return (
        f'{run} sign --yes "$(cat reference.txt)"',
        f'{run} attest --yes --type spdxjson --predicate /sbom.json "$(cat reference.txt)"',
    )


def propose(build: Build) -> tuple[str, ...]:
    """A change of the specs to what was published, for people to decide on."""
    return (
        f"srcnet forge digest --kind {build.kind} --name {build.name} digest.txt",
        "srcnet compile",
        f'srcnet forge propose --branch "srcnet/{build.name}"'
        f' --title "Move {build.name} to what was published" {build.file}',
    )

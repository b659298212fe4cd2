"""Specs to Kubernetes clusters: the law of places where things end and drafts begin.

For the golden federation as it stands it is in tests/test_law_of_places.py.
"""

from types import SimpleNamespace

import pytest
import test_law_of_places as law
from golden_scalars import changed_files, others, scalars
from specs import GOLDEN, REAL, TODAY, compile_texts, texts

from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.kubernetes import emit, lower

FILES = texts(GOLDEN)
every_root = pytest.mark.parametrize("root", [GOLDEN, REAL], ids=["golden", "real"])


def artifacts_of(result: Compiled):
    found = lower.lower(result.federation, result.analysis)
    return tuple(artifact for model in found for artifact in emit.emit(model))


def kubernetes_only(result: Compiled) -> SimpleNamespace:
    return SimpleNamespace(artifacts=artifacts_of(result))


@every_root
def test_every_line_and_every_wanted_field_has_a_place(root):
    result = compile_texts(texts(root))
    law.assert_every_line_has_a_place(artifacts_of(result))
    for model in lower.lower(result.federation, result.analysis):
        for thing in (*model.objects.values(), *model.fetched.values()):
            bare = [path for path in ("", *thing.fields()) if not thing.spans(path)]
            assert not bare, f"{thing.kind} {thing.name}"
        assert all(task.spans for task in model.tasks)


def with_endings() -> dict[str, str]:
    """The golden files with drafts that may begin, things that end, and few operators."""
    security, services = "policies/services/security.yaml", "policies/services/soda.yaml"
    site, life = "site-specs/chsrc-cscs.yaml", "policies/lifecycle.yaml"
    files = dict(FILES)
    for file, before, after in (
        (security, "status: agreed", "status: draft"),
        (services, "name: jupyterhub}\nspec:\n", "name: jupyterhub}\nspec:\n  status: draft\n"),
        (site, "operators: [external-secrets, gateway-api, kueue", "operators: [gateway-api"),
        (site, "        secretStore: vault\n", ""),
        (site, "        kueue: {cohort: canfar, flavor: default, lends: true}\n", ""),
    ):
        assert before in files[file], before
        files[file] = files[file].replace(before, after, 1)
    for kind, words in (
        ("Waiver", "setsAside: {draft: true}, of: security"),
        ("Waiver", "setsAside: {draft: true}, of: jupyterhub"),
        ("Retired", "template: imaging"),
        ("Retired", "service: CHSRC-CSCS/monitoring"),
        ("Retired", "cluster: CHSRC-CSCS/edge"),
    ):
        files[life] += (
            f"---\napiVersion: srcnet.skao.int/v1alpha2\nkind: {kind}\n"
            f"metadata: {{name: {kind.lower()}-{words.split()[-1].split('/')[-1]}}}\n"
            f"spec: {{{words}, reason: a trial,"
            " approvedBy: {group: /roles/int/oper}, until: 2027-06-30}\n"
        )
    return files


ENDING = [n for n in FILES if n.startswith(("policies/services", "policies/l", "site-specs/ch"))]


@pytest.mark.parametrize("file", ENDING)
def test_a_scalar_changes_only_lines_that_map_to_it(file):
    base = with_endings()
    compiled = compile_texts(base, TODAY)
    assert not compiled.failed, compiled.diagnostics
    old = kubernetes_only(compiled)
    wrong: dict[str, list[str]] = {}
    effective = 0
    for scalar in scalars(base):
        for other in others(scalar) if scalar.span.file == file else ():
            result = compile_texts(changed_files(scalar, other, base), TODAY)
            if result.failed:
                continue
            gone, come = law.gone_and_come(old, kubernetes_only(result))
            here = scalar.span
            end = here.column + len(other)
            there = type(here)(here.file, here.line, here.column, here.line, end)
            effective += bool(gone or come)
            bad = [
                f"{sign} {line.path}:{line.number}: {line.text}"
                for sign, lines, place in (("-", gone, here), ("+", come, there))
                for line in lines
                if not any(law.overlap(span, place) for span in line.spans)
            ]
            if bad:
                wrong[f"{scalar.label} -> {other}"] = bad[:6]
    assert not wrong
    assert effective > 2 or not file.startswith(("policies/services", "site-specs/chsrc"))


def test_a_value_that_is_copied_has_its_scalar_as_its_first_place(golden):
    wanted = {
        "replicas: 3": "3",
        "maxReplicas: 4": "4",
        "hostnames: [hub.example.ch]": "hub.example.ch",
        "cohortName: canfar": "canfar",
        'schedule: "0 3 * * *"': '"0 3 * * *"',
        "activeDeadlineSeconds: 28800": "8 h",
        'command: ["/bin/image"]': "[/bin/image]",
    }
    first: dict[str, set[str]] = {line: set() for line in wanted}
    for artifact in artifacts_of(golden):
        for number, line in enumerate(law.lines_of(artifact), start=1):
            if line.strip() in first:
                first[line.strip()].add(law.quoted(artifact.sources[number][0]))
    assert first == {line: {text} for line, text in wanted.items()}

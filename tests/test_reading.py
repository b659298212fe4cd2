"""What sessions and jobs may read: from the words of a site to the pod, and on every page."""

import json
from typing import Any

import jsonschema
from golden_scalars import FILES
from pages import subject_of_texts
from specs import REAL, TODAY, compile_texts, texts
from test_review import changed, review

from srcnet_compiler.analysis.reading import reads
from srcnet_compiler.cli.drafts import draft
from srcnet_compiler.report.page import build, html
from srcnet_compiler.report.page.readers import site_change
from srcnet_compiler.report.review.json import render_json
from srcnet_compiler.report.review.markdown import render_markdown
from srcnet_compiler.report.review.text import render_policy, render_review, render_site
from srcnet_compiler.review.model import Commit

SITE = "site-specs/chsrc-cscs.yaml"
TEMPLATES = "policies/services/templates.yaml"
SCHEMA = json.loads((REAL / "schemas/review.schema.json").read_text("utf-8"))
MOUNT = ", {storage: area, tier: online, at: /data}"
READABLE = "        readable: [CHSRC-CSCS-T0]\n"
"""Of both clusters: what is replaced once is of the first, which is `services`."""
HERE = "CHSRC-CSCS-T0 (online, 390 TB) at /data on CHSRC-CSCS/services"


def objects(files: dict[str, str], instance: str = "CHSRC-CSCS.services") -> dict[Any, Any]:
    compiled = compile_texts(files, TODAY)
    assert not compiled.failed, compiled.diagnostics
    (model,) = (each.model for each in compiled.models if each.model.instance == instance)
    whole = {**model.objects, **model.fetched}
    return {key: each.document for key, each in whole.items()}


# ── on a cluster ──────────────────────────────────────────────────────────────────────────────


def test_a_session_reads_the_area_of_its_tier_by_a_volume_of_its_own():
    found = objects(FILES)
    spec = found["PodTemplate", "ska-sessions/notebook"]["template"]["spec"]
    (mount,) = (m for m in spec["containers"][0]["volumeMounts"] if m["mountPath"] == "/data")
    assert mount["readOnly"] is True
    (volume,) = (v for v in spec["volumes"] if v["name"] == mount["name"])
    claimed = volume["persistentVolumeClaim"]
    assert claimed["readOnly"] is True
    claim = found["PersistentVolumeClaim", f"ska-sessions/{claimed['claimName']}"]
    place = found["PersistentVolume", claim["spec"]["volumeName"]]
    for each in (claim, place):
        assert each["spec"]["accessModes"] == ["ReadOnlyMany"]
    assert place["spec"]["hostPath"]["path"] == "/rse/t0"
    assert place["spec"]["capacity"] == {"storage": "390500G"}
    assert place["spec"]["claimRef"]["namespace"] == "ska-sessions"
    assert (
        claim["spec"]["volumeName"]
        != found["PersistentVolumeClaim", "ska-services/chsrc-cscs-t0-read"]["spec"]["volumeName"]
    )


def test_scratch_stays_writable_beside_it():
    spec = objects(FILES)["PodTemplate", "ska-sessions/notebook"]["template"]["spec"]
    (mount,) = (m for m in spec["containers"][0]["volumeMounts"] if m["mountPath"] == "/home/user")
    assert "readOnly" not in mount
    (volume,) = (v for v in spec["volumes"] if v["name"] == mount["name"])
    assert volume["emptyDir"] == {"sizeLimit": "20G"}


def test_what_reads_is_told_where():
    spec = objects(FILES)["PodTemplate", "ska-sessions/notebook"]["template"]["spec"]
    assert spec["containers"][0]["env"] == [{"name": "DATA", "value": "/data"}]


def test_admission_guards_claims_where_only_sessions_read():
    found = objects(FILES, "CHSRC-CSCS.edge")
    (binding,) = (
        document
        for (kind, name), document in found.items()
        if kind == "ValidatingAdmissionPolicyBinding" and name == "ska-claims"
    )
    (expression,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert "ska-sessions" in expression["values"]


def test_a_batch_job_reads_in_its_own_namespace():
    files = changed(TEMPLATES, "  command: [/bin/image]\n", "  command: [/bin/image]\n"
                    "  mounts: [{storage: area, tier: online, at: /in}]\n")  # fmt: skip
    found = objects(files)
    job = found["CronJob", "ska-jobs/imaging"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert job["volumes"][0]["persistentVolumeClaim"] == {
        "claimName": "chsrc-cscs-t0-read",
        "readOnly": True,
    }
    volumes = {name for kind, name in found if kind == "PersistentVolume"}
    assert volumes == {
        "ska-chsrc-cscs-t0-read",
        "ska-chsrc-cscs-t0-read.jobs",
        "ska-chsrc-cscs-t0-read.sessions",
    }


def test_where_the_site_lets_none_be_read_it_is_not_offered():
    found = objects(changed(SITE, READABLE, ""))
    assert ("PodTemplate", "ska-sessions/notebook") not in found
    assert ("PersistentVolume", "ska-chsrc-cscs-t0-read.sessions") not in found
    assert ("PersistentVolume", "ska-chsrc-cscs-t0-read") in found  # of the service
    assert ("PodTemplate", "ska-sessions/notebook") in objects(
        changed(SITE, READABLE, ""), "CHSRC-CSCS.edge"
    )


def test_an_area_that_is_a_draft_is_read_by_nobody():
    area = "      status: agreed\n      source: for tests\n      environment: production\n"
    found = objects(changed(SITE, area, area.replace("agreed", "draft")))
    assert ("PodTemplate", "ska-sessions/notebook") not in found
    assert ("PersistentVolume", "ska-chsrc-cscs-t0-read.sessions") not in found


def test_reads_are_those_of_clusters_in_use():
    federation = compile_texts(FILES, TODAY).federation
    assert federation is not None
    assert [(r.template.name, r.cluster.label, r.area.name) for r in reads(federation)] == [
        ("notebook", "CHSRC-CSCS/edge", "CHSRC-CSCS-T0"),
        ("notebook", "CHSRC-CSCS/services", "CHSRC-CSCS-T0"),
    ]


def test_a_draft_of_queue_classes_takes_nothing_away():
    """Only the classes are drafts: were the policy one, no cluster would be ours to manage."""
    platform = """  compute:
    - name: platform
      kubernetes:
        version: "1.36"
        server: https://k8s.example.ch:6443
        credentials: {secretRef: {env: PLATFORM_TOKEN}}
"""
    echo = """apiVersion: srcnet.skao.int/v1alpha2
kind: Service
metadata: {name: echo}
spec:
  image: {repository: registry.example.org/srcnet/echo, digest: "sha256:%s"}
""" % ("0" * 64)
    real = texts(REAL)
    site = real[SITE].replace("  compute:\n", platform, 1)
    offers = "  services:\n    - {service: echo, name: echo, at: platform}\n"
    site = site.replace("  services:\n", offers, 1)
    before = {
        **real,
        SITE: site,
        "policies/services/echo.yaml": echo,
    }
    queues = draft("compute.yaml", name="queues", command="new compute", schema="x")
    there = objects(before, "CHSRC-CSCS.platform")
    assert ("Deployment", "srcnet-services/echo") in there
    after = objects({**before, "policies/compute/queues.yaml": queues}, "CHSRC-CSCS.platform")
    assert after == there


# ── in a review ───────────────────────────────────────────────────────────────────────────────

WITHOUT = {**FILES, TEMPLATES: FILES[TEMPLATES].replace(MOUNT, "").replace("{mount}", "none")}
BY = "session notebook reads"
EMBARGO = "; data come there that have an embargo: observatory-products (12 months)"


def test_a_review_says_who_may_read_what_where():
    found = review(FILES, WITHOUT)
    assert [(e.cluster, e.gained, e.draft) for e in found.access] == [
        ("CHSRC-CSCS/edge", True, False),
        ("CHSRC-CSCS/services", True, False),
    ]
    terms = f"never writes; for /projects/eor, /projects/hi-survey{EMBARGO}"
    pages = (render_review(found), render_site(found, "CHSRC-CSCS"), render_policy(found))
    for page in pages:
        assert f"  + {BY} {HERE}   {TEMPLATES}:12:46\n      {terms}\n" in page
    assert f"{BY} {HERE}; {terms}" in render_markdown(found)
    assert BY not in render_site(found, "SWESRC-OSO")


def test_what_is_no_longer_read_is_said_at_the_line_where_it_was():
    found = review(WITHOUT, FILES)
    assert {each.gained for each in found.access} == {False}
    assert f"  - {BY} {HERE}" in (page := render_review(found))
    assert "; its volume stays there until administrators remove it" in page


def test_data_without_an_embargo_are_everybodys():
    policy = "policies/data/observatory.yaml"
    embargo = '  embargo: {for: 12 months, readers: {group: "data/namespaces/{namespace}/owner"}}\n'
    head, base = changed(policy, embargo, ""), changed(policy, embargo, "", WITHOUT)
    found = review(head, base)
    assert {each.embargoed for each in found.access} == {()}
    assert "embargo" not in render_review(found)


def test_other_groups_read_otherwise():
    found = review(changed(TEMPLATES, "[/projects/eor, /projects/hi-survey]", "[/projects/eor]"))
    assert {(each.gained, each.groups) for each in found.access} == {
        (True, ("/projects/eor",)),
        (False, ("/projects/eor", "/projects/hi-survey")),
    }


def test_what_changes_nothing_for_readers_is_not_said():
    assert review(changed(TEMPLATES, "lasts: 8 h", "lasts: 7 h")).access == ()
    assert "What people may read" not in render_review(review(FILES))


def test_a_draft_is_said_to_be_one_and_then_to_be_none():
    draft = changed(TEMPLATES, "  runs: session\n", "  status: draft\n  runs: session\n")
    asked = review(draft, WITHOUT)
    assert {(each.gained, each.draft) for each in asked.access} == {(True, True)}
    assert "nobody can before all of it is agreed" in render_review(asked)
    agreed = review(FILES, draft)
    assert {(each.gained, each.draft) for each in agreed.access} == {(True, False)}


def test_who_asked_for_it_is_named():
    from dataclasses import replace

    found = replace(
        review(FILES, WITHOUT),
        commits=(
            Commit("abc1234", "Ada", "Ask for a notebook", TEMPLATES),
            Commit("def5678", "Eve", "Something else", "policies/federation.yaml"),
        ),
    )
    for page in (render_review(found), render_site(found, "CHSRC-CSCS")):
        assert "  asked for by Ada: Ask for a notebook (abc1234)\n" in page
        assert "asked for by Eve" not in page
    assert "asked for by Ada: Ask for a notebook" in render_markdown(found)
    shown = [each.how.text for each in site_change(found, "CHSRC-CSCS").access]
    assert all(each.endswith("; asked for by Ada: Ask for a notebook (abc1234)") for each in shown)
    assert shown


def test_the_json_of_a_review_says_it_too():
    document = json.loads(render_json(review(FILES, WITHOUT)))
    jsonschema.validate(document, SCHEMA)
    assert document["access"][1] == {
        "template": "notebook",
        "runs": "session",
        "cluster": "CHSRC-CSCS/services",
        "site": "CHSRC-CSCS",
        "area": "CHSRC-CSCS-T0",
        "tier": "online",
        "at": "/data",
        "groups": ["/projects/eor", "/projects/hi-survey"],
        "queue": "interactive",
        "embargoed": ["observatory-products (12 months)"],
        "gained": True,
        "draft": False,
        "place": document["access"][0]["place"],
    }
    assert document["access"][0]["place"]["file"] == TEMPLATES


def test_the_page_of_a_site_says_what_people_may_read_there():
    made = subject_of_texts(FILES)
    text = html.render(build.page(made), made.lines)
    assert "reads CHSRC-CSCS-T0 at /data, for /projects/eor and /projects/hi-survey" in text
    assert "session notebook" in text

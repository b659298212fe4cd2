"""What is said of waivers that name nothing: the nearest name, so that it can be typed."""

import pytest
from specs import HERE, compile_texts

FEDERATION = (HERE / "spec" / "federation.yaml").read_text("utf-8")
SITE = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Site
metadata: {name: CHSRC-CSCS}
spec:
  src: CHSRC
  country: CH
  services:
    - {service: jupyterhub, name: our hub, host: localhost, enabled: false}
"""
WAIVER = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Waiver
metadata: {name: aside}
spec:
  setsAside: {WHAT}
  of: OF
  reason: a test
  approvedBy: {group: /roles/int/oper}
  until: 2027-06-30
"""


@pytest.mark.parametrize(
    ("what", "of", "said"),
    [
        ("finding: local-host", "our hup", "did you mean `our hub`?"),
        ("finding: local-host", "SOMETHING", "remove the waiver: what it was for is mended"),
        ("finding: localhost", "our hub", "did you mean `local-host`?"),
        ("finding: everything", "our hub", "write the code in the brackets of the finding"),
        ("draft: true", "CHSRC-CSC", "did you mean `CHSRC-CSCS`?"),
        ("draft: true", "testin", "did you mean `testing`?"),
        ("limit: movedData, upTo: 1 PB", "srcnte", "did you mean `srcnet`?"),
    ],
)
def test_a_waiver_that_names_nothing_is_told_what_is_near(what, of, said):
    files = {
        "policies/federation.yaml": FEDERATION,
        "policies/waiver.yaml": WAIVER.replace("WHAT", what).replace("OF", of),
        "site-specs/site.yaml": SITE,
    }
    found = compile_texts(files).diagnostics
    (finding,) = [f for f in found if f.labels[0].span.file == "policies/waiver.yaml"]
    assert finding.help == said

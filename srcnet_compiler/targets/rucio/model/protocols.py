"""What an endpoint is in Rucio where nobody says more: its implementation and its priorities."""

from collections.abc import Mapping

IMPLEMENTATIONS: Mapping[str, str] = {
    "davs": "rucio.rse.protocols.gfal.Default",
    "dav": "rucio.rse.protocols.gfal.Default",
    "https": "rucio.rse.protocols.gfal.Default",
    "http": "rucio.rse.protocols.gfal.Default",
    "root": "rucio.rse.protocols.gfal.Default",
    "roots": "rucio.rse.protocols.gfal.Default",
    "s3s": "rucio.rse.protocols.gfal.NoRename",
    "file": "rucio.rse.protocols.posix.Default",
}
OPERATIONS: Mapping[str, str] = {
    "thirdPartyCopyRead": "third_party_copy_read",
    "thirdPartyCopyWrite": "third_party_copy_write",
}
"""Operations that specs call otherwise than Rucio does."""


def usual_domains(priority: int, third_party_copy: bool) -> Mapping[str, Mapping[str, int]]:
    """The priorities of an area's endpoint that is its first (1), second, and so on."""
    own = {"read": priority, "write": priority, "delete": priority}
    copy = priority if third_party_copy else 0
    return {
        "lan": own,
        "wan": {**own, "third_party_copy_read": copy, "third_party_copy_write": copy},
    }

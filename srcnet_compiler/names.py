"""Names that people type: sites, storage areas, tiers, policies, queues, projects."""

from typing import NewType

SiteName = NewType("SiteName", str)
AreaName = NewType("AreaName", str)
SrcName = NewType("SrcName", str)
TierName = NewType("TierName", str)
RegionName = NewType("RegionName", str)
PolicyName = NewType("PolicyName", str)
Namespace = NewType("Namespace", str)
"""What SRCNet's data management API calls a namespace; data products are named inside one."""
QueueName = NewType("QueueName", str)
ProjectName = NewType("ProjectName", str)
AllocationName = NewType("AllocationName", str)
GroupPath = NewType("GroupPath", str)
"""A group of the identity provider."""

SPEC_FOLDERS = ("policies", "site-specs")
"""Where specs stand, below the top of their repository."""

"""Do the groups of the allocations have anybody in them?"""

from collections.abc import Iterator
from difflib import get_close_matches

from srcnet_compiler.analysis.severity import report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.membership import Membership, bare
from srcnet_compiler.federation.model import Federation


def check_membership(federation: Federation, membership: Membership) -> Iterator[Diagnostic]:
    """Groups that are in no export, and such as nobody belongs to.

    Not one of the checks of every run: what people belong to is no part of the specs.
    """
    for allocation in federation.compute.allocations:
        for project in allocation.projects:
            for index, group in enumerate(project.groups):
                place = Label(project.origin.at("groups", index))
                users = membership.of(group)
                if users is None:
                    near = get_close_matches(bare(group), sorted(membership.groups), 1, 0.6)
                    yield report(federation, project.drafts, project.name, allocation.name)(
                        Code.GROUP_NOT_EXPORTED,
                        f"`{group}` is not a group of the export, so nobody would belong to it",
                        place,
                        help=f"did you mean `{near[0]}`?" if near else "export it again with it",
                        subject=project.name,
                    )
                elif not users:
                    yield warning(
                        Code.GROUP_NOT_EXPORTED,
                        f"nobody belongs to `{group}`",
                        place,
                        help="add its members at the identity provider, and export it again",
                        subject=project.name,
                    )

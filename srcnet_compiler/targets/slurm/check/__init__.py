"""What Slurm, or the cluster's owner, objects to: in what is emitted, and beside what is there."""

from srcnet_compiler.targets.slurm.check.emitted import check as check
from srcnet_compiler.targets.slurm.check.fragment import check_fragment as check_fragment
from srcnet_compiler.targets.slurm.check.objections import explain as explain
from srcnet_compiler.targets.slurm.check.objections import untried as untried
from srcnet_compiler.targets.slurm.check.seen import check_seen as check_seen

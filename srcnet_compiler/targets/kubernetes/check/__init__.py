"""What an API server objects to: without one by its schemas, with one by what it has and says."""

from srcnet_compiler.targets.kubernetes.check.emitted import check as check
from srcnet_compiler.targets.kubernetes.check.objections import explain as explain
from srcnet_compiler.targets.kubernetes.check.objections import gone as gone
from srcnet_compiler.targets.kubernetes.check.objections import is_gone as is_gone
from srcnet_compiler.targets.kubernetes.check.objections import untried as untried
from srcnet_compiler.targets.kubernetes.check.schemas import custom as custom
from srcnet_compiler.targets.kubernetes.check.seen import check_seen as check_seen

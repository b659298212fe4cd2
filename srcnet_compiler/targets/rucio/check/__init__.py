"""What Rucio, or a policy itself, objects to: in what is emitted, and in what is already there."""

from srcnet_compiler.targets.rucio.check.emitted import check as check
from srcnet_compiler.targets.rucio.check.emitted import requirement_of as requirement_of
from srcnet_compiler.targets.rucio.check.overdue import overdue as overdue
from srcnet_compiler.targets.rucio.check.proof import prove as prove
from srcnet_compiler.targets.rucio.check.proof import rehearse as rehearse
from srcnet_compiler.targets.rucio.check.seen import check_seen as check_seen
from srcnet_compiler.targets.rucio.check.settled import settled as settled

"""A running Rucio: get in, read it in bulk, look at one object, make the accounts we need."""

from srcnet_compiler.targets.rucio.live.accounts import Identity as Identity
from srcnet_compiler.targets.rucio.live.accounts import Step as Step
from srcnet_compiler.targets.rucio.live.accounts import bootstrap as bootstrap
from srcnet_compiler.targets.rucio.live.accounts import rights as rights
from srcnet_compiler.targets.rucio.live.catalogue import list_catalogue as list_catalogue
from srcnet_compiler.targets.rucio.live.catalogue import list_collection as list_collection
from srcnet_compiler.targets.rucio.live.client import RucioClient as RucioClient
from srcnet_compiler.targets.rucio.live.credentials import connect as connect
from srcnet_compiler.targets.rucio.live.credentials import connection as connection
from srcnet_compiler.targets.rucio.live.credentials import open_connection as open_connection
from srcnet_compiler.targets.rucio.live.dumps import read_dumps as read_dumps
from srcnet_compiler.targets.rucio.live.inventory import take_inventory as take_inventory
from srcnet_compiler.targets.rucio.live.memory import remembering as remembering
from srcnet_compiler.targets.rucio.live.observing import observe as observe
from srcnet_compiler.targets.rucio.live.reading import read as read
from srcnet_compiler.targets.rucio.live.recalling import SeenForRecall as SeenForRecall
from srcnet_compiler.targets.rucio.live.recalling import look_for_recall as look_for_recall
from srcnet_compiler.targets.rucio.live.rules import RuleListing as RuleListing
from srcnet_compiler.targets.rucio.live.rules import list_rules as list_rules

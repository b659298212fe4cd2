"""A running cluster, by its API server."""

from srcnet_compiler.targets.kubernetes.live.client import ApiError as ApiError
from srcnet_compiler.targets.kubernetes.live.client import Client as Client
from srcnet_compiler.targets.kubernetes.live.client import workers as workers
from srcnet_compiler.targets.kubernetes.live.connection import Api as Api
from srcnet_compiler.targets.kubernetes.live.connection import connection as connection
from srcnet_compiler.targets.kubernetes.live.connection import open_connection as open_connection
from srcnet_compiler.targets.kubernetes.live.connection import token_of as token_of
from srcnet_compiler.targets.kubernetes.live.filled import apply as apply
from srcnet_compiler.targets.kubernetes.live.filled import settle as settle
from srcnet_compiler.targets.kubernetes.live.handing import hand_over as hand_over
from srcnet_compiler.targets.kubernetes.live.inventory import connect as connect
from srcnet_compiler.targets.kubernetes.live.inventory import find_out as find_out
from srcnet_compiler.targets.kubernetes.live.inventory import look_into as look_into
from srcnet_compiler.targets.kubernetes.live.reading import look_at as look_at
from srcnet_compiler.targets.kubernetes.live.reading import read as read
from srcnet_compiler.targets.kubernetes.live.rights import rights as rights
from srcnet_compiler.targets.kubernetes.live.sight import see as see
from srcnet_compiler.targets.kubernetes.live.trial import Trial as Trial
from srcnet_compiler.targets.kubernetes.live.trial import refused_by as refused_by
from srcnet_compiler.targets.kubernetes.live.trial import rehearse as rehearse
from srcnet_compiler.targets.kubernetes.live.users import users as users

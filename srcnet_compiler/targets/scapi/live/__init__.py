"""A running site catalogue, by its HTTP interface."""

from srcnet_compiler.targets.scapi.live.client import AnswerError as AnswerError
from srcnet_compiler.targets.scapi.live.client import Client as Client
from srcnet_compiler.targets.scapi.live.connection import connection as connection
from srcnet_compiler.targets.scapi.live.connection import open_connection as open_connection
from srcnet_compiler.targets.scapi.live.reading import read as read
from srcnet_compiler.targets.scapi.live.rights import rights as rights
from srcnet_compiler.targets.scapi.live.writing import MovedError as MovedError
from srcnet_compiler.targets.scapi.live.writing import edit as edit

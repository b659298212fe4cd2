"""A running Slurm cluster: commands to run on it, and what they answer."""

from srcnet_compiler.targets.slurm.live.asking import attempt as attempt
from srcnet_compiler.targets.slurm.live.asking import must as must
from srcnet_compiler.targets.slurm.live.controller import Controller as Controller
from srcnet_compiler.targets.slurm.live.controller import connection as connection
from srcnet_compiler.targets.slurm.live.controller import here as here
from srcnet_compiler.targets.slurm.live.controller import open_connection as open_connection
from srcnet_compiler.targets.slurm.live.inventory import Found as Found
from srcnet_compiler.targets.slurm.live.inventory import find_out as find_out
from srcnet_compiler.targets.slurm.live.inventory import read_as as read_as
from srcnet_compiler.targets.slurm.live.reading import look as look
from srcnet_compiler.targets.slurm.live.reading import read as read
from srcnet_compiler.targets.slurm.live.rehearsal import SiteFiles as SiteFiles
from srcnet_compiler.targets.slurm.live.rehearsal import foresee as foresee
from srcnet_compiler.targets.slurm.live.rehearsal import rehearse as rehearse
from srcnet_compiler.targets.slurm.live.rights import rights as rights
from srcnet_compiler.targets.slurm.live.runner import LocalRunner as LocalRunner
from srcnet_compiler.targets.slurm.live.runner import Ran as Ran
from srcnet_compiler.targets.slurm.live.runner import Runner as Runner
from srcnet_compiler.targets.slurm.live.ssh import Host as Host
from srcnet_compiler.targets.slurm.live.ssh import SshRunner as SshRunner

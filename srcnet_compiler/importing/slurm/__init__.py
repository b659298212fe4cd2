"""A running Slurm cluster to the compute section of a site.

What is the federation's there is for the site's administrators to say: `Answers`. All else is
others', is listed, and stays theirs.
"""

from srcnet_compiler.importing.slurm.answers import Answers as Answers
from srcnet_compiler.importing.slurm.answers import Login as Login
from srcnet_compiler.importing.slurm.section import Section as Section
from srcnet_compiler.importing.slurm.section import section as section
from srcnet_compiler.importing.slurm.texts import RULES as RULES
from srcnet_compiler.importing.slurm.texts import wanted as wanted

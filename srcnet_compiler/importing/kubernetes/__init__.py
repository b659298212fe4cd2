"""A running Kubernetes cluster to the compute section of a site.

What is the federation's there is for the site's administrators to say: `Answers`. All else is
others', is listed, and stays theirs.
"""

from srcnet_compiler.importing.kubernetes.answers import Answers as Answers
from srcnet_compiler.importing.kubernetes.answers import Login as Login
from srcnet_compiler.importing.kubernetes.section import Section as Section
from srcnet_compiler.importing.kubernetes.section import section as section
from srcnet_compiler.importing.kubernetes.texts import RULES as RULES
from srcnet_compiler.importing.kubernetes.texts import wanted as wanted

"""A running Rucio to specs: its RSEs as areas of sites, plain patterns of rules as draft policies.

What cannot be told is a question, and what nobody has answered is left out and listed.
"""

from srcnet_compiler.importing.rucio.said import Said as Said
from srcnet_compiler.importing.rucio.sketch import Sketch as Sketch
from srcnet_compiler.importing.rucio.sketch import sketch as sketch

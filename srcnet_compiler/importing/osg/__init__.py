"""OSG's topology: resource groups and downtimes, as areas and downtimes of our sites.

Source: the files of OSG's registry, its template of a resource group and its list of services.
"""

from srcnet_compiler.importing.osg.files import read

__all__ = ["read"]

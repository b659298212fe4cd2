"""EGI's files: a site of its federated cloud, and the downtimes of its configuration database.

Source: the schema of the site files, and the answers of `get_downtime` as they are documented.
"""

from srcnet_compiler.importing.egi.files import read

__all__ = ["read"]

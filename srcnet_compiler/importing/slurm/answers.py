"""What only a site's administrators know: which part of their cluster is the federation's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """How the cluster is reached, as its spec will say it; `key` is where the private key is kept.

    `host_key`, `user`, `configuration`, `commands` None: what ssh and a shell take by themselves.
    """

    host: str
    key: tuple[str, str]
    port: int = 22
    user: str | None = None
    host_key: str | None = None
    configuration: str | None = None
    commands: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """`partitions` are those on whose nodes jobs of the federation may run; `account` is the one
    under which all its projects are, None: there is none yet; `fragment` the file that the
    cluster's configuration includes for the federation's partitions, None: there is none.

    `allows` is what srcnet may change there, `database` the accounting database's name where
    several clusters share it.
    """

    name: str
    partitions: tuple[str, ...]
    account: str | None = None
    fragment: str | None = None
    allows: tuple[str, ...] = ()
    database: str | None = None

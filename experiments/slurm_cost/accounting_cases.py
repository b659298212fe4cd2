"""Changes of accounts, limits, QOS and reservations, which no file of the site holds."""

from __future__ import annotations

from experiments.slurm_cost.case import (
    OUR,
    PENDING_INSIDE,
    STARTS,
    Case,
    Inside,
    both,
    pending,
    running,
    would_start,
)

ACCOUNTING = (
    Case(
        *("account-new", "a new account, with its user", "accounting"),
        probe=would_start("ska-test-a", "-A ska-new"),
        shows=STARTS,
        typed=(
            "sacctmgr -i add account ska-new cluster=sitec parent=ska",
            "sacctmgr -i add user ska-test-a account=ska-new cluster=sitec",
        ),
    ),
    Case(
        *("association-new", "a new member of an account", "accounting"),
        probe=would_start("ska-test-b", "-A ska"),
        shows=STARTS,
        typed=("sacctmgr -i add user ska-test-b account=ska cluster=sitec",),
    ),
    Case(
        *("qos-new", "a new QOS, and an account that may use it", "accounting"),
        probe=would_start("ska-test-a", "-A ska --qos=ska-new"),
        shows=STARTS,
        typed=(
            "sacctmgr -i add qos ska-new Priority=3",
            "sacctmgr -i modify account where name=ska cluster=sitec set qos+=ska-new",
        ),
    ),
    Case(
        *("limit-changed", "a lower limit of an account, over it already", "accounting"),
        probe=f"@ska-test-a sbatch --hold {OUR} --wrap true",
        shows=r"AssocGrpSubmitJobsLimit",
        typed=("sacctmgr -i modify account where name=ska cluster=sitec set GrpSubmitJobs=1",),
        inside=both("-A ska"),
    ),
    Case(
        *("qos-limit-changed", "a lower limit of a QOS, over it already", "accounting"),
        probe=f"@ska-test-a sbatch --hold {OUR} --qos=ska-used --wrap true",
        shows=r"QOSMaxWallDurationPerJobLimit",
        given=(
            "sacctmgr -i add qos ska-used Flags=DenyOnLimit",
            "sacctmgr -i modify account where name=ska cluster=sitec set qos+=ska-used",
        ),
        typed=("sacctmgr -i modify qos where name=ska-used set MaxWall=00:02:00",),
        inside=both("-A ska --qos=ska-used"),
    ),
    Case(
        *("account-text", "the description of an account", "accounting-text"),
        probe="sacctmgr -nP show account where name=ska format=description",
        shows=r"^other words$",
        typed=('sacctmgr -i modify account where name=ska set description="other words"',),
        inside=both("-A ska"),
    ),
)


def _removals(
    name: str, what: str, given: tuple[str, ...], typed: str, probe: tuple[str, str], options: str
) -> tuple[Case, ...]:
    """Of something that nobody uses, that a running job uses, that a pending job uses."""
    user = "ska-test-b" if name == "association" else "ska-test-a"
    uses = {
        "unused": ("no job uses", ()),
        "running": ("a running job uses", running(options, user)),
        "pending": ("a pending job uses", pending(options, user)),
    }
    return tuple(
        Case(
            *(f"{name}-removed-{key}", f"removal of {what} that {words}", "accounting-removal"),
            probe=probe[0],
            shows=probe[1],
            gone=True,
            given=given,
            typed=(typed,),
            inside=inside,
        )
        for key, (words, inside) in uses.items()
    )


REMOVALS = (
    *_removals(
        "association",
        "a member",
        ("sacctmgr -i add user ska-test-b account=ska cluster=sitec",),
        "sacctmgr -i delete user where name=ska-test-b account=ska cluster=sitec",
        ("sacctmgr -nP show assoc where cluster=sitec format=account,user", r"^ska\|ska-test-b$"),
        "-A ska",
    ),
    *_removals(
        "account",
        "an account",
        (
            "sacctmgr -i add account ska-old cluster=sitec parent=ska",
            "sacctmgr -i add user ska-test-a account=ska-old cluster=sitec",
        ),
        "sacctmgr -i delete account where name=ska-old cluster=sitec",
        ("sacctmgr -nP show assoc where cluster=sitec format=account", r"^ska-old$"),
        "-A ska-old",
    ),
    *_removals(
        "qos",
        "a QOS",
        (
            "sacctmgr -i add qos ska-used",
            "sacctmgr -i modify account where name=ska cluster=sitec set qos+=ska-used",
        ),
        "sacctmgr -i delete qos where name=ska-used",
        ("sacctmgr -nP show qos format=name", r"^ska-used$"),
        "-A ska --qos=ska-used",
    ),
)

_AHEAD = "StartTime=now+2hours Duration=01:00:00 Nodes=c2 Accounts=ska"
_NOW = "StartTime=now Duration=01:00:00 Nodes=c2 Accounts=ska"
_CREATE = "scontrol create reservation ReservationName=ska_viz"
_SHOW = "scontrol -o show reservation"

RESERVATIONS = (
    Case(
        *("reservation-new", "a new reservation", "reservation"),
        probe=_SHOW,
        shows=r"ReservationName=ska_viz",
        typed=(f"{_CREATE} {_AHEAD}",),
    ),
    Case(
        *("reservation-changed", "a changed reservation", "reservation"),
        probe=_SHOW,
        shows=r"ReservationName=ska_viz .*Duration=02:00:00",
        given=(f"{_CREATE} {_NOW}",),
        typed=("scontrol update reservation ReservationName=ska_viz Duration=02:00:00",),
        inside=running("-A ska --reservation=ska_viz"),
    ),
    Case(
        "reservation-delays",
        "a new reservation, and then a long job of others on its idle node",
        "reservation",
        probe="@astro-test-a srun -Q --immediate=5 -A astro -n1 --mem=50 -w c2 -t12:00:00 hostname",
        shows=r"Requested nodes are busy|Unable to allocate",
        typed=(f"{_CREATE} {_AHEAD}",),
    ),
    Case(
        *("reservation-busy", "a reservation, from now, of a node where others' jobs run", ""),
        probe=_SHOW,
        shows=r"ReservationName=ska_viz",
        typed=(f"{_CREATE} StartTime=now Duration=01:00:00 Nodes=c1 Accounts=ska",),
    ),
    Case(
        *("reservation-ignores", "the same, with IGNORE_JOBS", ""),
        probe=_SHOW,
        shows=r"ReservationName=ska_viz",
        typed=(
            f"{_CREATE} StartTime=now Duration=01:00:00 Nodes=c1 Accounts=ska Flags=IGNORE_JOBS",
        ),
    ),
    *(
        Case(
            f"reservation-removed-{key}",
            f"removal of a reservation {words}",
            "reservation-removal",
            probe=_SHOW,
            shows=r"ReservationName=ska_viz",
            gone=True,
            given=(f"{_CREATE} {when}",),
            typed=("scontrol delete ReservationName=ska_viz",),
            inside=inside,
        )
        for key, words, when, inside in (
            ("unused", "that no job uses", _AHEAD, ()),
            ("running", "with a running job", _NOW, running("-A ska --reservation=ska_viz")),
            (
                "pending",
                "with a pending job",
                _AHEAD,
                (Inside(PENDING_INSIDE, f"{OUR} --reservation=ska_viz"),),
            ),
        )
    ),
)

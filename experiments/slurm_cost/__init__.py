"""What a change of a Slurm cluster costs, found by making it on a cluster made for that.

    make slurm-cost                                       all of it, and the table anew
    python -m experiments.slurm_cost run                  as root, with Debian's Slurm: 25 minutes
    python -m experiments.slurm_cost run --only node-new  a case, put in its place in the recording
    python -m experiments.slurm_cost table                the table from what is recorded

Every case gets a cluster of its own, with a running and a waiting job of somebody else. The change
is made; then a reconfigure, then a restart of slurmctld; after each it is written down whether the
change acts, whether slurmctld is still the same process, and how the jobs are. What that means is
not written down: `derive` says it, from the recording.

`cases` are the changes, `stand` is the cluster, `trial` the three steps, `transcript` reads what
was recorded of 24.11 in another way, `derive` concludes, `table` writes the package's table and
`page` the page for people.
"""

#!/bin/sh
# Epilog for cluster common, written by srcnet: the end of the scratch of a job of the federation.
# Jobs of all other accounts end here, before anything is looked at.
case ${SLURM_JOB_ACCOUNT-} in
   ska | ska-*) ;;
   *) exit 0 ;;
esac

# Slurm takes a node from everybody if its epilog fails, so this one ends well whatever happens.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
base='/scratch/srcnet'

give_up() {
   logger -t srcnet-epilog "scratch of job ${SLURM_JOB_ID-} stays: $1"
   exit 0
}

# Nothing but this number is taken from the job, so no other name can be made of it.
job=${SLURM_HET_JOB_ID:-${SLURM_JOB_ID-}}
case $job in '' | *[!0-9]*) give_up "it has no number" ;; esac

[ -n "$(find "$base" -prune -type d -user 0 ! -perm -020 ! -perm -002)" ] ||
   give_up "$base is not a directory that root alone may write into"

# A prolog runs only where a step does: elsewhere there is nothing.
dir=$base/job-$job
[ -n "$(find "$dir" -prune -type d 2>/dev/null)" ] || exit 0
# Links in it are removed and not followed, and what is mounted below it is left alone.
rm -rf --one-file-system -- "$dir" || give_up "it cannot be removed"
exit 0

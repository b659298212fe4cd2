#!/bin/sh
# Prolog for cluster srcnet, written by srcnet: scratch for each job of the federation.
# Jobs of all other accounts end here, before anything is looked at.
case ${SLURM_JOB_ACCOUNT-} in
   ska | ska-*) ;;
   *) exit 0 ;;
esac

# Slurm takes a node from everybody if its prolog fails, so this one ends well whatever happens.
# A job of ours that has no directory is stopped by its task prolog, which costs nobody a node.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 077
base='<a directory of your local scratch>'

give_up() {
   logger -t srcnet-prolog "job ${SLURM_JOB_ID-} has no scratch: $1"
   exit 0
}

# The parts of a heterogeneous job know each other's directories by the number of the first.
job=${SLURM_HET_JOB_ID:-${SLURM_JOB_ID-}}
for number in "$job" "${SLURM_JOB_UID-}" "${SLURM_JOB_GID-}"; do
   case $number in '' | *[!0-9]*) give_up "it has no number, user or group" ;; esac
done

# Numbers of jobs can be guessed: where others may write, they might wait here with a link.
[ -n "$(find "$base" -prune -type d -user 0 ! -perm -020 ! -perm -002)" ] ||
   give_up "$base is not a directory that root alone may write into"

# What is there already is of this job, which was queued again, or of another that had its number.
dir=$base/job-$job
if ! mkdir "$dir"; then
   [ -n "$(find "$dir" -prune -type d '(' -user 0 -o -user "$SLURM_JOB_UID" ')')" ] || {
      rm -rf --one-file-system -- "$dir"
      mkdir "$dir" || give_up "$dir cannot be made"
   }
fi
chown "$SLURM_JOB_UID:$SLURM_JOB_GID" "$dir" && chmod 0700 "$dir" || give_up "$dir cannot be given"
exit 0

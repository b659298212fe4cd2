#!/bin/sh
# Task prolog for cluster srcnet, written by srcnet: tells tasks of the federation their scratch.
# Tasks of all other accounts end here, and nothing is said to them.
case ${SLURM_JOB_ACCOUNT-} in
   ska | ska-*) ;;
   *) exit 0 ;;
esac

# This runs as the user of the job. What it writes is read by Slurm.
dir='<a directory of your local scratch>'/job-${SLURM_HET_JOB_ID:-${SLURM_JOB_ID-}}
if [ -d "$dir" ] && [ -w "$dir" ]; then
   echo "export SRCNET_SCRATCH=$dir"
   echo "export TMPDIR=$dir"
   exit 0
fi
# Jobs always have scratch: this one ends here, and the node stays in service.
echo "print there is no scratch for this job on ${SLURMD_NODENAME-}: tell the administrators of srcnet"
exit 1

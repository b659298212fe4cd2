#!/usr/bin/env bash
# Bring one small cluster up in namespaces of its own, give it a state worth reading, and write down
# what its commands answer. Usage: record.sh OUT   (as root; needs Slurm, munge and MariaDB)
# The same state is made for every version, so that the answers can be compared.
set -eu
out=$(realpath "$1")
if [ "${2:-}" != inside ]; then
    exec unshare --net --uts --mount --pid --fork --kill-child "$0" "$out" inside
fi
mount --make-rprivate / 2>/dev/null || true; mount -t proc proc /proc; mount -t tmpfs tmpfs /run; ip link set lo up; ip addr add 10.255.255.1/32 dev lo
[ -n "${DATABASE:-}" ] || mount -t tmpfs tmpfs /mnt
hostname vm
t=/mnt; mkdir -p $t/{etc,state,spool,log,db,munge}; chmod 755 $t
until_() { for _ in $(seq 1 100); do eval "$1" >/dev/null 2>&1 && return; sleep 0.1; done; echo "gave up: $1" >&2; tail -n 5 /mnt/log/* >&2; exit 1; }
for user in alice:20001 bob:20002 carol:20003; do
    getent passwd "${user%:*}" >/dev/null || useradd -M -d /tmp -u "${user#*:}" "${user%:*}"
done
dd if=/dev/urandom of=$t/munge/key bs=128 count=1 status=none
chown -R munge:munge $t/munge; chmod 400 $t/munge/key
setpriv --reuid=munge --regid=munge --init-groups /usr/sbin/munged --key-file=$t/munge/key \
    --socket=$t/munge/sock --pid-file=$t/munge/pid --log-file=$t/munge/log --seed-file=$t/munge/seed
if [ -z "${DATABASE:-}" ]; then  # else somebody runs one at this port
chown mysql $t/db
mariadb-install-db --no-defaults --user=mysql --datadir=$t/db --auth-root-authentication-method=normal --skip-test-db >$t/log/db 2>&1
mariadbd --no-defaults --user=mysql --datadir=$t/db --socket=$t/db/s --port=13306 --bind-address=127.0.0.1 --skip-name-resolve >>$t/log/db 2>&1 &
until_ "mariadb-admin --no-defaults -S $t/db/s ping"
mariadb --no-defaults -S $t/db/s -e "create user slurm@'127.0.0.1' identified by 'x'; grant all on acct.* to slurm@'127.0.0.1'"
fi
cat > $t/etc/slurmdbd.conf <<C
AuthType=auth/munge
AuthInfo=socket=$t/munge/sock
DbdHost=localhost
DbdPort=17819
SlurmUser=slurm
LogFile=$t/log/dbd
PidFile=$t/state/dbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=13306
StorageUser=slurm
StoragePass=x
StorageLoc=acct
C
cat > $t/etc/slurm.conf <<C
ClusterName=sitea
SlurmctldHost=vm(127.0.0.1)
SlurmctldPort=17817
SlurmdPort=17900
SlurmUser=slurm
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$t/munge/sock
StateSaveLocation=$t/state
SlurmdSpoolDir=$t/spool/%n
SlurmctldPidFile=$t/state/ctld.pid
SlurmdPidFile=$t/spool/%n.pid
SlurmctldLogFile=$t/log/ctld
SlurmdLogFile=$t/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=17819
AccountingStoragePass=$t/munge/sock
AccountingStorageEnforce=associations,limits,qos,safe
AccountingStorageTRES=gres/scratch,gres/gpu
PriorityType=priority/multifactor
PreemptType=preempt/qos
PreemptMode=REQUEUE
GresTypes=scratch,gpu
NodeName=DEFAULT CPUs=4 RealMemory=4000 TmpDisk=1000 Gres=scratch:100 State=UNKNOWN
NodeName=a1 NodeHostname=vm NodeAddr=127.0.0.1 Port=17901
NodeName=a2 NodeHostname=vm NodeAddr=127.0.0.1 Port=17902
NodeName=a3 NodeHostname=vm NodeAddr=127.0.0.1 Port=17903
PartitionName=main Nodes=ALL Default=YES MaxTime=24:00:00 State=UP
Include $t/etc/ska.conf
C
echo "NodeName=a[1-3] Name=scratch Count=100 Flags=CountOnly" > $t/etc/gres.conf
slurmctld -V | grep -q "slurm.* 22" && echo "CgroupAutomount=no" > $t/etc/cgroup.conf || echo "CgroupPlugin=disabled" > $t/etc/cgroup.conf
echo "# nothing yet" > $t/etc/ska.conf
chown -R slurm $t/state $t/log $t/etc/slurmdbd.conf; chmod 600 $t/etc/slurmdbd.conf
export SLURM_CONF=$t/etc/slurm.conf
slurmdbd -D >$t/log/dbd.out 2>&1 &
until_ "sacctmgr -nP show cluster"
say() { sacctmgr -i "$@" >/dev/null; }
say add cluster sitea
slurmctld
until_ "scontrol ping | grep -q UP"
for n in a1 a2 a3; do mkdir -p $t/spool/$n; slurmd -N $n; done
until_ "[ \$(sinfo -h -N -o %T | grep -c idle) = 3 ]"
# the site's own
say add account physics Description=local Organization=uni
say add user alice account=physics
say add qos site-fast set Priority=5 MaxWall=1-00:00:00
# the federation's
say add qos ska-batch set Priority=10 Flags=DenyOnLimit,NoDecay GrpTRES=cpu=8,mem=8000M MaxTRESPerUser=cpu=6 MaxSubmitJobsPerUser=50 MaxWall=04:00:00 Description="ska batch"
say add qos ska-inter set Priority=1000 Preempt=ska-batch PreemptMode=requeue GrpTRES=cpu=4,gres/scratch=40 MaxWall=08:00:00 MaxJobsPerUser=1 GraceTime=30 GrpTRESMins=cpu=6000 MaxTRESPerJob=node=2 GrpJobs=7 GrpSubmitJobs=70 MaxJobsPerAccount=5 MaxSubmitJobsPerAccount=55 MinTRESPerJob=cpu=1 UsageFactor=0.5
say add account ska Description="ska federation" Organization=skao Parent=root Fairshare=20 GrpTRES=cpu=10 GrpTRESMins=cpu=100000 QosLevel=ska-batch,ska-inter DefaultQOS=ska-batch
say add account ska-eor Description="epoch of reionisation" Organization=ska Parent=ska
say add account ska-hi Description=hi Organization=ska Parent=ska GrpTRESMins=cpu=5000,mem=4096000 GrpJobs=9 GrpSubmitJobs=90 MaxJobs=3 MaxSubmitJobs=30 MaxTRESPerJob=cpu=2,gres/scratch=10 MaxWall=02:30:00 GrpTRESRunMins=cpu=777 GrpWall=3-00:00:00
say add user bob account=ska-hi Fairshare=parent
say add user carol account=ska-eor Fairshare=3 MaxJobs=2
say add user bob account=ska-eor partition=ska QosLevel=ska-batch DefaultQOS=ska-batch
cat > $t/etc/ska.conf <<C
PartitionName=ska Nodes=a[1-2] AllowAccounts=ska,ska-hi,ska-eor AllowQos=ska-batch,ska-inter MaxTime=04:00:00 DefaultTime=00:10:00 State=UP PriorityTier=1 PreemptMode=OFF
PartitionName=ska-dev Nodes=a3 AllowAccounts=ska AllowQos=ska-inter MaxTime=UNLIMITED Default=NO State=DRAIN PriorityTier=3 QOS=ska-inter MaxNodes=1 Hidden=YES
C
scontrol reconfigure
until_ "scontrol -o show partition | grep -q PartitionName=ska-dev"
export TZ=Europe/Rome
until_ "scontrol create reservation ReservationName=ska_viz StartTime=2031-07-22T07:30:00 Duration=01:00:00 Nodes=a3 Accounts=ska,ska-hi,ska-eor Flags=DAILY,FLEX,PURGE_COMP=00:10:00 MaxStartDelay=00:05:00"
until_ "scontrol create reservation ReservationName=ska_once StartTime=2031-07-23T08:00:00 Duration=1-02:00:00 NodeCnt=1 PartitionName=main Users=bob"
until_ "scontrol create reservation ReservationName=upkeep StartTime=2031-08-01T08:00:00 Duration=UNLIMITED Nodes=ALL Users=root Flags=MAINT"
unset TZ
sub() { u=$1; shift; setpriv --reuid="$u" --clear-groups sbatch --parsable -D /tmp -o /dev/null -t 30 --mem=50 --wrap 'sleep 600' "$@" >/dev/null; }
sub alice -c 4 -A physics -p main
sub bob -c 2 -A ska-hi -p ska --qos ska-batch
sub bob -c 2 -A ska-hi -p ska,main --qos ska-batch
sub carol -c 2 -A ska-eor -p ska --qos ska-batch --array=1-3
sub carol -c 2 -A ska-eor -p main --qos ska-batch --hold
until_ "[ \$(squeue -h -t R | wc -l) = 3 ]"; sleep 1
mkdir -p "$out"
ask() { local f=$1; shift; TZ=Europe/Rome "$@" > "$out/$f" 2>"$out/$f.err" || echo "rc $?: $*" >&2; [ -s "$out/$f.err" ] || rm -f "$out/$f.err"; }
cat > "$out/commands" </dev/null
while IFS='|' read -r file command; do
    [ -n "$file" ] || continue
    echo "$file|$command" >> "$out/commands"
    IFS=' ' read -ra words <<< "$command"
    ask "$file" "${words[@]}"
done < "${COMMANDS:-$(dirname "$0")/commands}"
cp $t/etc/slurm.conf $t/etc/ska.conf "$out/" 2>/dev/null || true
# what slurmctld keeps of the database, for the rehearsal of a candidate configuration
kill "$(cat $t/state/ctld.pid)"
until_ "! kill -0 $(cat $t/state/ctld.pid 2>/dev/null || echo 1000000)"
sleep 1
mkdir -p "$out/state"
for name in assoc_mgr_state assoc_usage qos_usage last_tres clustername; do
    cp "$t/state/$name" "$out/state/"
done
exit 0

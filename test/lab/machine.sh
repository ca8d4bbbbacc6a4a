#!/bin/bash
# machine.sh NAME ROOT NODE-PID FOLDER: starts a Debian machine, systemd as process 1, in the network of a lab node; stays
# until the machine is off. Run inside the laboratory's supervisor, so that it ends with the laboratory. FOLDER gets its
# file tree (root/), its process 1 (pid, as this machine numbers it is found by the caller) and console.log.
set -u
name=$1 root=$2 node=$3 dir=$4
mkdir -p "$dir" && mount -t tmpfs machine "$dir" || exit
mkdir "$dir"/{upper,work,root}
mount -t overlay -o "lowerdir=$root,upperdir=$dir/upper,workdir=$dir/work" machine "$dir/root" || exit
tr -d - </proc/sys/kernel/random/uuid >"$dir/root/etc/machine-id"
# A control group of its own in each hierarchy that systemd-nspawn uses.
for group in $(awk '$3 == "cgroup2" || $3 == "cgroup" && $4 ~ /name=systemd/ { print $2 }' /proc/self/mounts | sort -u); do
    mkdir -p "$group/systole-$name" && echo $$ >"$group/systole-$name/cgroup.procs"
done
# Like a machine of its own: the unified tree of control groups, network settings that can be changed.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
exec setsid systemd-nspawn --quiet --register=no --keep-unit --boot --machine="$name" --directory="$dir/root" \
    --network-namespace-path="/proc/$node/ns/net" --capability=CAP_NET_ADMIN,CAP_IPC_LOCK,CAP_SYS_NICE \
    --resolv-conf=off --timezone=off --console=pipe </dev/null >"$dir/console.log" 2>&1

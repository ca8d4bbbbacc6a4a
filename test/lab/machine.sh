#!/bin/bash
# machine.sh NAME ROOT NODE-PID FOLDER [UNIT]...: starts a Debian machine, systemd as process 1, in the network of a lab node; stays
# until the machine is off. Run inside the laboratory's supervisor, so that it ends with the laboratory. FOLDER gets its
# file tree (root/) and console.log. Each UNIT is disabled. The working directory is its /checkout, read only.
set -u
name=$1 root=$2 node=$3 dir=$4
shift 4
mkdir -p "$dir" && mount -t tmpfs machine "$dir" || exit
mkdir "$dir"/{upper,work,root}
mount -t overlay -o "lowerdir=$root,upperdir=$dir/upper,workdir=$dir/work" machine "$dir/root" || exit
for unit; do rm -f "$dir"/root/etc/systemd/system/*.wants/"$unit".service; done
machine_id=$(tr -d - </proc/sys/kernel/random/uuid)
echo "$machine_id" >"$dir/root/etc/machine-id"
# A control group of its own in each hierarchy that systemd-nspawn uses; other laboratories may have a machine of this name.
# Those of machines that are gone, which nobody could remove, are removed first.
for tree in $(awk '$3 == "cgroup2" || $3 == "cgroup" && $4 ~ /name=systemd/ { print $2 }' /proc/self/mounts | sort -u); do
    exec 9<"$tree" && flock 9
    for group in "$tree"/systole-*/; do
        [ -n "$(find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null)" ] ||
            find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    mkdir -p "$tree/systole-$name-$machine_id" && echo $$ >"$tree/systole-$name-$machine_id/cgroup.procs"
    exec 9<&-
done
# Like a machine of its own: the unified tree of control groups, network settings that can be changed.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
exec setsid systemd-nspawn --quiet --register=no --keep-unit --boot --machine="$name" --directory="$dir/root" \
    --network-namespace-path="/proc/$node/ns/net" --capability=CAP_NET_ADMIN,CAP_IPC_LOCK,CAP_SYS_NICE \
    --bind-ro="$PWD:/checkout" --resolv-conf=off --timezone=off --console=pipe </dev/null >"$dir/console.log" 2>&1

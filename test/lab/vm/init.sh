#!/bin/busybox sh
# shellcheck shell=dash
# First program of a guest, inside the initial RAM file system. Part one ends with "booted"; that moment is frozen into
# the snapshot. Part two builds the root: the host's "/" read-only below, a RAM disk for changes on top.
bb=/bin/busybox
share="trans=virtio,version=9p2000.L,msize=512000"

$bb mkdir -p /proc /sys /dev /run /lower /ram /new
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t cgroup2 cgroup2 /sys/fs/cgroup
$bb mount -t devtmpfs dev /dev
$bb mkdir -p /dev/pts /dev/shm
$bb ln -s /proc/self/fd /dev/fd
for n in 0:stdin 1:stdout 2:stderr; do $bb ln -s fd/${n%:*} /dev/${n#*:}; done
$bb mount -t devpts devpts /dev/pts
$bb mount -t tmpfs shm /dev/shm
$bb mount -t tmpfs run /run
$bb mount -t tmpfs ram /ram
$bb mkdir /ram/upper /ram/work /run/lock
while read -r module; do $bb insmod "/modules/$module"; done </modules/order
$bb ip link set lo up
exec 3<>/dev/vport0p1 # the line to vm
echo booted >&3

read -r now name modules out main <&3
$bb date -s "@$now" >/dev/null
$bb hostname "$name"
$bb mount -t 9p -o "$share,ro,cache=loose" root /lower || exit
$bb mount -t overlay -o lowerdir=/lower,upperdir=/ram/upper,workdir=/ram/work root /new || exit
for dir in proc sys dev run; do $bb mount --move /$dir /new/$dir; done
$bb mkdir -p /new/lib/modules "/new$out"
$bb mount -o bind "/lower$modules" /new/lib/modules
$bb mount -t 9p -o "$share,cache=mmap" out "/new$out" || exit
exec $bb switch_root /new /bin/bash "$main" "$out"

# shellcheck shell=bash
# Sourced by vm: the machine as QEMU's command line, and the moment after its boot, kept on disk.

kernel_line="console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off init_on_alloc=0 cryptomgr.notests
    random.trust_cpu=on audit=0 apparmor=0"

# machine RUNDIR OUT MEMORY: fills "qemu". All guests have the same devices, or the snapshot would not fit; only what is
# behind the devices differs.
machine() {
    qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -accel 'tcg,thread=multi'
        -cpu max -smp "$cpus" -m "$mem" -object "$3" -machine 'pc,memory-backend=ram'
        -kernel "$tree/vmlinux" -initrd "$tree/initrd" -append "${kernel_line//$'\n'/ }"
        -serial "file:$2/.vm/console.log"
        -chardev "pipe,id=monitor,path=$1/monitor" -mon 'chardev=monitor'
        -device virtio-serial-pci
        -chardev "pipe,id=line,path=$1/line" -device 'virtserialport,chardev=line'
        -fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
        -device 'virtio-9p-pci,fsdev=root,mount_tag=root'
        -fsdev "local,id=out,path=$2,security_model=none,multidevs=remap"
        -device 'virtio-9p-pci,fsdev=out,mount_tag=out'
        -device 'vmgenid,guid=auto') # tells the kernel that it was resumed: fresh random numbers
}

# boot RUNDIR: starts what "qemu" says (on a "leash" it dies with us); opens 5 (lines from the guest), 6 (lines to it) and 7 (commands to QEMU).
boot() {
    mkfifo "$1/line.in" "$1/line.out" "$1/monitor.in"
    : >"$1/monitor.out"
    exec 5<>"$1/line.out" 6<>"$1/line.in" 7<>"$1/monitor.in"
    setsid "${leash[@]}" "${qemu[@]}" -pidfile "$1/pid" </dev/null >"$1/qemu.log" 2>&1 5>&- 6>&- 7>&- &
    qemu_pid=$!
    disown
}

expect() { # WORD SECONDS: is the guest's next line WORD?
    local word='' deadline=$((SECONDS + $2))
    until read -r -t 1 word <&5; do
        running "$qemu_pid" || return
        [ "$SECONDS" -lt "$deadline" ] || return
    done
    [ "$word" = "$1" ]
}

build_snapshot() {
    local dir=$snapshot.new
    say "booting it once, to keep a snapshot ($suite, $cpus processors, $mem MB; about 10 s)"
    rm -rf "$snapshot" "$dir"
    mkdir -p "$dir/out/.vm"
    machine "$dir" "$dir/out" "memory-backend-file,id=ram,size=${mem}M,mem-path=$dir/ram,share=on"
    boot "$dir"
    trap 'kill -KILL "$qemu_pid" 2>/dev/null' EXIT
    expect booted 180 || { cat "$dir/qemu.log" "$dir/out/.vm/console.log" >&2; die "the guest does not boot"; }
    printf '%s\n' 'migrate_set_capability x-ignore-shared on' "migrate \"exec:cat >$dir/state\"" quit >&7
    gone "$qemu_pid"
    [ -s "$dir/state" ] || die "no snapshot was written"
    echo "$recipe" >"$dir/recipe"
    mv "$dir" "$snapshot"
    trap - EXIT
}

# Kernel, initial RAM file system, snapshot: what is missing or made from something that has changed since.
prepare() {
    [[ $here$cache$guests$out != *[[:space:]]* ]] || die "folder names must not contain blanks"
    need qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio xz:xz-utils zstd:zstd lz4:lz4 \
        modprobe:kmod dpkg-deb:dpkg flock:util-linux || exit 125
    tree=$cache/kernel/$suite
    snapshot=$cache/snapshot/$suite-$cpus-$mem
    mkdir -p "$cache"
    ( flock 9; prepare_locked 9>&- ) 9>"$cache/vm-$suite.lock" || exit
}
prepare_locked() {
    [ -e "$tree/vmlinux" ] || fetch_kernel
    recipe=$({
        qemu-system-x86_64 --version
        cat "$here"/{kernel,snapshot,init}.sh "$tree/lib/modules/"*/modules.dep
    } | sha256sum)
    if [ "$(cat "$tree/recipe" 2>/dev/null)" != "$recipe" ]; then
        build_initrd
        echo "$recipe" >"$tree/recipe"
    fi
    if [ -z "$cold" ] && [ "$(cat "$snapshot/recipe" 2>/dev/null)" != "$recipe" ]; then
        build_snapshot
    fi
}

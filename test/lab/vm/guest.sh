# shellcheck shell=bash
# Sourced by vm: guests that run, and commands in them.

start_guest() { # NAME. Sets an EXIT trap that stops it again.
    local dir=$guests/$1 memory
    guest=$1
    [ ! -e "$dir" ] || die "there is a guest $guest already"
    prepare
    trap 'stop_guest "$guest"' EXIT
    mkdir -p "$dir"
    out=${out:-$dir/out}
    mkdir -p "$out" && out=$(readlink -f "$out")
    rm -rf "$out/.vm"; mkdir "$out/.vm"
    ln -s "$out/.vm" "$dir/job"

    memory="memory-backend-file,id=ram,size=${mem}M,mem-path=$snapshot/ram,share=off"
    [ -z "$cold" ] || memory="memory-backend-ram,id=ram,size=${mem}M"
    machine "$dir" "$out" "$memory"
    [ -n "$cold" ] || qemu+=(-incoming defer)
    boot "$dir"
    if [ -n "$cold" ]; then
        expect booted 180 || fail "the guest does not boot"
    else
        printf '%s\n' "migrate_set_capability x-ignore-shared on" "migrate_incoming \"exec:cat $snapshot/state\"" >&7
    fi
    echo "$(date +%s) $guest $tree/lib/modules $out $here/main.sh" >&6
    expect ready 60 || fail "the guest does not come up"
}
fail() { # MESSAGE
    { cat "$guests/$guest/qemu.log"; tail -n 20 "$guests/$guest/job/console.log"; } >&2
    die "$1"
}
alive() { # NAME: is there such a guest, and does it live? Its process id is in "pid" then.
    { read -r pid <"$guests/$1/pid"; } 2>/dev/null && running "$pid"
}

run_in() { # NAME COMMAND...: runs it there, returns its exit code
    local name=$1 dir=$guests/$1 job code watcher
    shift
    alive "$name" || die "no guest $name"
    job=$(mktemp -d "$(readlink -f "$dir/job")/XXXXXX")
    # shellcheck disable=SC2016 # $$ is for the guest
    { export -p; printf 'echo $$ >pid; cd %q && exec ' "$PWD"; printf '%q ' "$@"; } >"$job/command"
    touch "$job/out" "$job/err"
    echo "run ${job##*/}" >"$dir/line.in"
    watch_job & # writes "status" if the guest cannot
    watcher=$!
    trap 'kill "$watcher"; echo "kill ${job##*/}" >"$dir/line.in"; exit 130' INT TERM HUP
    tail -n +1 -s 0.05 --pid "$watcher" -f "$job/err" >&2 &
    tail -n +1 -s 0.05 --pid "$watcher" -f "$job/out" &
    wait # a signal interrupts this, but not a command in the foreground
    [ -e "$job/status" ] || return 125 # somebody else stopped the guest, and its folder is gone
    read -r code <"$job/status"
    return "$code"
}
watch_job() {
    local deadline=$((SECONDS + limit))
    while [ -d "$job" ] && [ ! -s "$job/status" ]; do
        if ! alive "$name"; then
            say "guest $name died; its last words:"
            tail -n 20 "$dir/job/console.log" >&2
            { echo 125 >"$job/status"; } 2>/dev/null
        elif [ "$SECONDS" -ge "$deadline" ]; then
            say "time is up after $limit s"
            echo "kill ${job##*/}" >"$dir/line.in"
            echo 124 >"$job/status"
        fi
        sleep 0.03
    done
}

stop_guest() { # NAME
    local dir=$guests/$1
    [ -d "$dir" ] || return 0
    if alive "$1"; then
        kill -KILL "$pid"
        gone "$pid"
    fi
    rm -rf "$dir"
}

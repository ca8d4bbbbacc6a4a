#!/bin/bash
# Second program of a guest: runs what vm asks for. Argument: the folder shared with the host.
# File descriptor 3: the line to vm.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=linux
jobs=$1/.vm

run() {
    cd "$jobs/$1" || return
    setsid -w bash command </dev/null >out 2>err 3>&-
    echo $? >status
}

echo ready >&3
while read -r verb job <&3; do
    case $verb in
        run) run "$job" & ;;
        kill) kill -TERM -- "-$(cat "$jobs/$job/pid")" ;;
    esac
done

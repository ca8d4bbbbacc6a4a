# shellcheck shell=bash
# Sourced: Debian packages, installed only where a command or file is missing.

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o APT::Sandbox::User=root "$@"
}

# need COMMAND:PACKAGE...  Install the Debian package of each command (or file, if it begins with /) that is missing.
need() {
    local pair missing=()
    for pair in "$@"; do
        case $pair in
            /*) [ -e "${pair%%:*}" ] || missing+=("${pair#*:}") ;;
            *) PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}") ;;
        esac
    done
    [ "${#missing[@]}" = 0 ] && return
    if ! command -v apt-get >/dev/null; then
        echo "missing, and there is no apt-get to install them: ${missing[*]}" >&2
        return 1
    fi
    if [ "$EUID" != 0 ]; then
        echo "missing, and only root can install them: ${missing[*]}" >&2
        return 1
    fi
    echo "installing Debian packages: ${missing[*]}" >&2
    apt_get install --no-install-recommends -y "${missing[@]}" >/dev/null 2>&1 && return
    apt_get update && apt_get install --no-install-recommends -y "${missing[@]}" >/dev/null && return
    echo "cannot install ${missing[*]}" >&2
    return 1
}

/**
 * The two first processes of the laboratory, in bash because they run where nothing else does yet.
 * As process 1 of a PID namespace each collects orphans; when it ends, the kernel kills all that are left.
 */

/** `held` lives until its standard input closes, `kept` until it is killed. */
export const SUPERVISOR_INIT = `
mount -t proc proc /proc && mount -t tmpfs lab /run && mkdir /run/nodes && touch /run/ready || exit 1
if [ "$0" = held ]; then cat >/dev/null; exit 0; fi
while :; do sleep 86400 & wait $!; done
`;

/**
 * Argument 0: the node's name. Its /etc, /var and /run are its own: changes to the first two stay in the supervisor's
 * RAM disk (/run/disk) and survive a power failure, /run is empty at each boot. All else is this machine's, as it is.
 */
export const NODE_INIT = `
name=$0 dir=/run/nodes/$0
fail() { echo "$name: $1" >"$dir/failed"; exit 1; }
mkdir -p "$dir"
echo "$name" >/proc/sys/kernel/hostname || fail "cannot set the host name"
mount -t proc proc /proc && mount -t sysfs sysfs /sys || fail "cannot mount /proc and /sys"
for tree in etc var; do
  mkdir -p "$dir/$tree.upper" "$dir/$tree.work"
  mount -t overlay -o "lowerdir=/$tree,upperdir=$dir/$tree.upper,workdir=$dir/$tree.work" "$name" "/$tree" ||
    fail "cannot mount /$tree"
done
echo "$name" >/etc/hostname
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
mkdir -p /var/log/lab
mount -t tmpfs run /mnt && mkdir /mnt/disk /mnt/lock && mount --bind "$dir" /mnt/disk && mount -n --move /mnt /run ||
  fail "cannot mount /run"
touch /run/lab-ready
cd /
while :; do sleep 86400 & wait $!; done
`;

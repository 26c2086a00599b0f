#!/bin/bash
# bare-box.sh ROOT SHELL SCRIPT [ARG...]: runs a script as root on a throw-away view of this machine where no init
# system runs. What it writes is gone afterwards, and so is every process that it has left behind. ROOT is this
# project, found in the box as /usr/lib/taskbeat, for reading only.
set -eu
if [ -z "${BARE_BOX:-}" ]; then
    BARE_BOX=$(mktemp -d -t taskbeat-box-XXXXXX)
    export BARE_BOX
    trap 'rmdir "$BARE_BOX"' EXIT
    unshare --mount --propagation private --uts --ipc --net --pid --fork --kill-child --mount-proc bash "$0" "$@"
    exit $?
fi
project=$1
shift
mount -t tmpfs -o mode=755 box "$BARE_BOX"
mkdir "$BARE_BOX/upper" "$BARE_BOX/work" "$BARE_BOX/root"
root=$BARE_BOX/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$BARE_BOX/upper,workdir=$BARE_BOX/work" "$root"
mkdir -p "$root/usr/lib/taskbeat" "$root/run" "$root/tmp"
mount --bind -o ro "$project" "$root/usr/lib/taskbeat"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
rm -f "$root/usr/sbin/policy-rc.d" # container images forbid with it that packages start services
ip link set lo up 2>/dev/null || true
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root \
    chroot "$root" "$@"

#!/bin/bash
# systemd-box.sh - boots a real systemd (PID 1) in a throw-away container and runs a script under it.
#
#   systemd-box.sh [-b HOST:GUEST]… [-B HOST:GUEST]… [-t SECONDS] SCRIPT
#     -b  binds a directory read-write: the only writes that survive   -B  the same, read-only   -t  time limit (60)
#
# The container's root is a copy-on-write view of this machine's, or of another system's, which $TASKBEAT_BOX_ROOT
# names. Its network is a loopback of its own. SCRIPT runs as root once basic.target is reached; its output is ours, and
# so is its exit status (124: time limit; 125: the box itself failed). The host needs neither a system bus nor machined.
# Nothing outlives the run: mounts live in a private mount namespace, processes in a private PID namespace that dies
# with this script, even by SIGKILL, and cgroups are removed.
set -u
fail() { echo "systemd-box: $*" >&2; exit 125; }
argv=("$@")
binds=(); limit=60
while getopts b:B:t: o; do case $o in
    b) binds+=(--bind="$OPTARG") ;;  B) binds+=(--bind-ro="$OPTARG") ;;
    t) limit=$OPTARG ;;              *) exit 125 ;;
esac; done; shift $((OPTIND - 1))
[ "$(id -u)" = 0 ] || fail "needs root"
[ $# = 1 ] && [ -f "$1" ] || fail "no script: ${1:-}"

# On the host: make a cgroup and a mount point, start the second stage, clean up after it.
if [ -z "${SYSTEMD_BOX_STAGE:-}" ]; then
    name=box-$$-$RANDOM; dir=$(mktemp -d -t systemd-box-$$-XXXXXX) || exit 125
    # One cgroup of our own in each hierarchy that systemd uses: two boxes in one would kill each other's units.
    cgroups=$(awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /name=systemd/) {print $2 "/" n}' n=$name \
        /proc/self/mounts | sort -u)
    cleanup() {
        trap '' INT TERM HUP
        for c in $cgroups; do
            for _ in {1..60}; do
                [ -d "$c" ] || break
                find "$c" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -9 2>/dev/null
                find "$c" -depth -type d -exec rmdir {} + 2>/dev/null; [ -d "$c" ] && sleep 0.05
            done
        done
        rmdir "$dir"
    }
    for c in /sys/fs/cgroup/box-* /sys/fs/cgroup/*/box-* "${TMPDIR:-/tmp}"/systemd-box-*; do # what a SIGKILLed run left
        p=${c##*/}; p=${p#systemd-}; p=${p#box-}; [ -d "$c" ] && ! kill -0 "${p%%-*}" 2>/dev/null &&
            find "$c" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    trap cleanup EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; trap 'exit 129' HUP
    for c in $cgroups; do mkdir "$c" || exit 125; done
    SYSTEMD_BOX_STAGE=2 SYSTEMD_BOX_NAME=$name SYSTEMD_BOX_CGROUPS=$cgroups SYSTEMD_BOX_DIR=$dir \
        setpriv --pdeathsig KILL timeout --foreground -s KILL $((limit + 15)) setpriv --pdeathsig KILL \
        unshare --mount --propagation private --uts --ipc --pid --fork --kill-child --mount-proc \
        "$BASH" "$0" "${argv[@]}" &
    wait $!; exit $?
fi

# The second stage is PID 1 of a private PID and mount namespace.
for c in $SYSTEMD_BOX_CGROUPS; do echo 0 > "$c/cgroup.procs" || exit 125; done
B=$SYSTEMD_BOX_DIR; name=$SYSTEMD_BOX_NAME
unset "${!SYSTEMD_BOX_@}" NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC LISTEN_PID LISTEN_FDS

mount -t tmpfs -o mode=755 box "$B" && mkdir "$B"/{up,wk,root,io} || exit 125
mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=755 box /run/systemd/nspawn || exit 125 # what nspawn leaves
mount -t overlay overlay -o lowerdir="${TASKBEAT_BOX_ROOT:-/}",upperdir="$B/up",workdir="$B/wk" "$B/root" || exit 125
R=$B/root; S=$R/etc/systemd/system; mkdir -p "$S"
# No service of the host comes up by itself: our target pulls in basic.target alone. What that would pull in from this
# host and has no use here is masked.
for u in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    logrotate.timer man-db.timer systemd-tmpfiles-clean.timer systemd-timesyncd.service systemd-pstore.service \
    systemd-update-utmp.service; do ln -sfn /dev/null "$S/$u"; done
touch "$R/etc/.updated" "$R/var/.updated"   # no jobs for what "needs an update": ldconfig, hwdb, sysusers, catalogue
: > "$R/etc/fstab"

cp -- "$1" "$B/io/script" && chmod 755 "$B/io/script"
printf '#!/bin/bash\ncd /\n/run/box/script\necho $? > /run/box/done\n' > "$B/io/run"
chmod 755 "$B/io/run"; : > "$B/io/out"; mkfifo "$B/io/done"; exec 3<>"$B/io/done"
cat > "$S/box.target" <<X
[Unit]
Requires=basic.target
Wants=box.service
After=basic.target
AllowIsolate=yes
X
cat > "$S/box.service" <<X
[Unit]
Requires=basic.target
After=basic.target dbus.socket
[Service]
Type=exec
ExecStart=/run/box/run
ExecStopPost=/bin/sh -c '[ "\$SERVICE_RESULT" = success ] || { \
echo "systemd-box: ended by \$SERVICE_RESULT (time limit ${limit} s); jobs, failed units, journal:"; \
systemctl list-jobs; systemctl --failed; journalctl -q --no-pager -n 60; } >> /run/box/out 2>&1; \
case \$SERVICE_RESULT in timeout) echo 124 ;; *) echo 125 ;; esac > /run/box/done'
RuntimeMaxSec=$limit
TimeoutStopSec=2
StandardOutput=append:/run/box/out
StandardError=inherit
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
Environment=SYSTEMD_PAGER= SYSTEMD_COLORS=0
X
sleep infinity & until=$!
tail -n +1 -s 0.02 -f --pid=$until "$B/io/out" & tail=$!
# cgroup v2 in the box even where the host mounts v1 beside it, as every system of today has it.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
{ systemd-nspawn -q -D "$R" --register=no --keep-unit --machine="$name" --link-journal=no --resolv-conf=off \
    --console=pipe --private-network --bind="$B/io:/run/box" ${binds[@]+"${binds[@]}"} -b -- --unit=box.target \
    </dev/null >"$B/io/console" 2>&1 3>&-; echo ended >&3; } &
# The first line in the FIFO decides. Nothing is shut down in an orderly way, which could take long: we are PID 1 of the
# namespace, so our exit kills all that is in it.
read -r -t $((limit + 10)) -u 3 rc
kill $until; wait $tail
case $rc in ''|*[!0-9]*) ;; *) exit "$rc" ;; esac
echo "systemd-box: the box ended without a result; its console:" >&2; tail -n 40 "$B/io/console" >&2
exit 125

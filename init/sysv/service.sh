# What the two init scripts do; they source it with NAME, ROLE, STOP_TIMEOUT and PROGRAM (its words) set. It
# takes POSIX sh, /proc, and setpriv or start-stop-daemon.
#
#   stopped ──start──▶ starting ──the ready file──▶ running ──stop──▶ stopping ──▶ stopped
#
# Exit codes are those of the Linux Standard Base, "Init Script Actions": 0 done; 1 failed; 2 called wrongly; 4 not
# root; 5 not installed; 6 not configured; 7 not running. Of status: 0 running, 1 dead with a pid file, 3 stopped,
# 4 unknown.
#
# Root trusts nothing here that the service may write. The pid file is root's, in root's directory, and names a process
# by its number and the time it was started at, so that a number that came to another process names nobody. The log is
# opened as the service's user, who could have made a link of it. In the ready file's directory nothing is opened.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022

# Nothing of whoever calls this, root with a password in a variable perhaps, reaches the service and its tasks.
for variable in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    case $variable in PATH | TERM | TZ | LANG | LC_* | NAME | ROLE | STOP_TIMEOUT | PROGRAM) ;; *) unset "$variable" ;; esac
done

PID_FILE=/run/$NAME.pid
RUN_DIRECTORY=/run/$NAME
CREDENTIALS=/etc/taskbeat/credentials
STATE_DIRECTORY=/var/lib/taskbeat
LOG_DIRECTORY=/var/log/taskbeat
SERVICE_USER=taskbeat
LOG=auto
START_TIMEOUT=30
OPTIONS=

set -a # what the administrator sets there reaches the service
TASKBEAT_CONFIG=/etc/taskbeat/schedules.yaml
for file in "/etc/default/$NAME" "/etc/sysconfig/$NAME"; do
    if [ -r "$file" ]; then . "$file"; fi
done
set +a

fail() {
    echo "$NAME: $1" >&2
}

# The start time of a process, in ticks since the boot: proc(5), stat, field 22. A process's name may hold blanks.
started_at() {
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# Sets pid. 0 running; 1 dead, and the pid file is there; 3 stopped.
state() {
    pid= since=
    [ -s "$PID_FILE" ] || return 3
    { read -r pid && read -r since; } < "$PID_FILE" || return 1
    case $pid in '' | *[!0-9]*) return 1 ;; esac
    [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ] || return 1
    case $(sed 's/^.*) //' "/proc/$pid/stat" 2>/dev/null) in Z* | X*) return 1 ;; esac
}

# Waits, for so many seconds, until it no longer runs.
gone() {
    left=$(($1 * 10))
    while state; do
        [ $left -gt 0 ] || return 1
        left=$((left - 1))
        sleep 0.1
    done
}

# Becomes the service's user in this very process, and executes the command.
exec_as_service() {
    group=$(id -g "$SERVICE_USER")
    if command -v setpriv >/dev/null 2>&1; then
        exec setpriv --reuid "$SERVICE_USER" --regid "$group" --init-groups --inh-caps=-all --no-new-privs -- "$@"
    elif command -v start-stop-daemon >/dev/null 2>&1; then
        command=$1
        shift
        exec start-stop-daemon --start --quiet --pidfile "$RUN_DIRECTORY.none" --chuid "$SERVICE_USER:$group" \
            --exec "$(command -v "$command")" -- "$@"
    fi
    fail "neither setpriv nor start-stop-daemon is installed"
    exit 1
}

# Tells the configuration's problems on the terminal.
check() {
    problems=$(cd / && exec_as_service $PROGRAM check 2>&1 >/dev/null </dev/null) && return 0
    printf '\n%s\n' "$problems" >&2
    return 6
}

# What root alone reads, for the service to read: as systemd does it, in a directory that the service cannot change.
hand_over_credentials() {
    rm -rf "$RUN_DIRECTORY.credentials"
    install -d -m 750 -o root -g "$group" "$RUN_DIRECTORY.credentials" || return 1
    for file in "$CREDENTIALS"/*; do
        [ -f "$file" ] || continue
        install -m 640 -o root -g "$group" "$file" "$RUN_DIRECTORY.credentials" || return 1
    done
}

do_start() {
    state && return 0
    id "$SERVICE_USER" >/dev/null 2>&1 || { fail "there is no user $SERVICE_USER"; return 6; }
    rm -f "$PID_FILE"
    group=$(id -g "$SERVICE_USER")
    install -d -m 750 -o "$SERVICE_USER" -g "$group" "$RUN_DIRECTORY" || return 1
    [ -d "$STATE_DIRECTORY" ] || install -d -m 2770 -o "$SERVICE_USER" -g "$group" "$STATE_DIRECTORY" || return 1
    rm -f "$RUN_DIRECTORY/ready"
    hand_over_credentials || return 1
    pipe=
    if [ "$LOG" = syslog ] || { [ "$LOG" = auto ] && [ -S /dev/log ] && command -v logger >/dev/null 2>&1; }; then
        pipe=$(mktemp -d "/run/$NAME-log.XXXXXX") && mkfifo -m 600 "$pipe/log" || return 1
        setsid logger -t "$NAME" -p daemon.info --prio-prefix < "$pipe/log" >/dev/null 2>&1 &
    else
        [ -d "$LOG_DIRECTORY" ] || install -d -m 2750 -o "$SERVICE_USER" -g "$group" "$LOG_DIRECTORY" || return 1
    fi
    (
        cd / && umask 007
        TASKBEAT_READY_FILE=$RUN_DIRECTORY/ready
        CREDENTIALS_DIRECTORY=$RUN_DIRECTORY.credentials
        RUNTIME_DIRECTORY=$RUN_DIRECTORY
        export TASKBEAT_READY_FILE CREDENTIALS_DIRECTORY RUNTIME_DIRECTORY
        if [ -n "$pipe" ]; then
            exec > "$pipe/log" 2>&1
            # A line's "<N>" is its priority to logger as it is to journald, which this has the service write.
            JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/1)
            export JOURNAL_STREAM
            exec_as_service setsid $PROGRAM "$ROLE" $OPTIONS
        else
            exec_as_service setsid sh -c 'umask 027; exec >> "$0" 2>&1; umask 007; exec "$@"' \
                "$LOG_DIRECTORY/$NAME.log" $PROGRAM "$ROLE" $OPTIONS
        fi
    ) </dev/null &
    pid=$!
    printf '%s\n%s\n' "$pid" "$(started_at "$pid")" > "$PID_FILE"
    await_ready
    ended=$?
    if [ -n "$pipe" ]; then rm -rf "$pipe"; fi
    case $ended in
        0) return 0 ;;
        78) rm -f "$PID_FILE"; if check; then fail "it refuses its configuration; its log says why"; fi; return 6 ;;
        124) fail "not ready after $START_TIMEOUT s, ended"; do_stop; return 1 ;;
        *) rm -f "$PID_FILE"; fail "it ended with $ended"; return 1 ;;
    esac
}

# 0 when the service runs, its exit code when it has ended, 124 when it takes too long.
await_ready() {
    left=$((START_TIMEOUT * 10))
    while [ $left -gt 0 ]; do
        state || { wait "$pid"; code=$?; [ $code -ne 0 ] || code=1; return $code; }
        if [ -e "$RUN_DIRECTORY/ready" ]; then return 0; fi
        left=$((left - 1))
        sleep 0.1
    done
    return 124
}

do_stop() {
    if state; then
        kill -TERM "$pid"
        gone "$STOP_TIMEOUT" || {
            fail "still there after $STOP_TIMEOUT s, killed"
            kill -KILL "-$pid"
            gone 5 || return 1
        }
    fi
    rm -rf "$PID_FILE" "$RUN_DIRECTORY" "$RUN_DIRECTORY.credentials"
}

# Neither of the two touches what runs when the configuration has problems.
do_restart() {
    check && do_stop && do_start
}
# The service answers in its directory; whoever reads that there has no more rights than the service.
do_reload() {
    check && state && (
        cd / && MAINPID=$pid RUNTIME_DIRECTORY=$RUN_DIRECTORY && export MAINPID RUNTIME_DIRECTORY
        exec_as_service $PROGRAM reload </dev/null
    )
}

tell() {
    printf '%s %s: ' "$1" "$NAME"
    shift
    "$@"
    code=$?
    if [ $code = 0 ]; then echo done; else echo failed; fi
    exit $code
}

usage() {
    echo "Usage: $0 {start|stop|restart|try-restart|reload|force-reload|status}" >&2
    exit 2
}

[ $# = 1 ] || usage
case $1 in
    start | stop | restart | try-restart | reload | force-reload)
        if [ "$(id -u)" != 0 ]; then fail "only root may $1 it"; exit 4; fi
        ;;
esac
if [ "$1" != stop ] && [ "$1" != status ]; then
    for part in $PROGRAM; do
        [ -r "$part" ] || { fail "it is not installed: $part is missing"; exit 5; }
    done
fi
case $1 in
    start) tell Starting do_start ;;
    stop) tell Stopping do_stop ;;
    restart) tell Restarting do_restart ;;
    try-restart) state || exit 0; tell Restarting do_restart ;;
    reload) state || { fail "it does not run"; exit 7; }; tell Reloading do_reload ;;
    force-reload) state || exit 0; tell Reloading do_reload ;;
    status)
        state
        code=$?
        case $code in
            0) echo "$NAME is running (pid $pid)" ;;
            1) echo "$NAME is dead, and $PID_FILE is there" ;;
            *) echo "$NAME is stopped" ;;
        esac
        exit $code
        ;;
    *) usage ;;
esac

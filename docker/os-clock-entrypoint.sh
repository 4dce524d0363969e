#!/usr/bin/env bash
# Skews the clocks of this container for real, gives up every privilege, and runs the command.
# CLOCK_REALTIME: libfaketime, which LD_PRELOAD brings into every program here, reads offset and rate from a file; set-clock.sh
# changes it at run time. CLOCK_MONOTONIC and CLOCK_BOOTTIME: a time namespace, whose offset is fixed from here on.
# The namespace belongs to a user namespace of its own. So CAP_SYS_TIME, with which a process could set the machine's
# clock, is needed nowhere; CAP_SYS_ADMIN, which makes namespaces, is gone before the command starts.
set -euo pipefail
cd /skewbed
. docker/clock-words.sh

if [ "$(id -u)" = 0 ]; then
  umask 022
  # libfaketime keeps a semaphore by process id, and this one is root's: its successor could not open it.
  export SKEWBED_PRELOAD=${LD_PRELOAD:-}
  unset LD_PRELOAD
  rm -f /dev/shm/sem.faketime_sem_$$ /dev/shm/faketime_shm_$$
  bash docker/set-clock.sh to "${SKEWBED_HOST_WALL:-+0s}"
  exec setpriv --reuid=node --regid=node --clear-groups --inh-caps=-all,+sys_admin --ambient-caps=-all,+sys_admin -- \
    bash "$0" "$@"
fi

read_clock_words "${SKEWBED_HOST_UPTIME:-1h}"
if [ "$rate" != 1 ]; then
  echo "SKEWBED_HOST_UPTIME '$SKEWBED_HOST_UPTIME': a time namespace has an offset and no rate; leave the rate out" >&2
  exit 254
fi
# The offset counts from the machine's own uptime.
offset=$(awk -v wanted="$offset_s" '{ printf "%d", wanted - $1 }' /proc/uptime)
exec unshare --user --map-current-user --time --monotonic "$offset" --boottime "$offset" -- \
  setpriv --inh-caps=-all --ambient-caps=-all --no-new-privs -- \
  env --unset=SKEWBED_PRELOAD LD_PRELOAD="${SKEWBED_PRELOAD:-}" "$@"

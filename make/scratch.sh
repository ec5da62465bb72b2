#!/bin/sh
# Prints the folder for what tests throw away: memory where there is plenty, else the temporary folder. A database per
# test is copied and dropped, and on a disk each of these waits until it is written; fsync stays on in either place.
set -eu

NEEDED_KB=8388608 # 8 GB

plenty() {
    [ -w /dev/shm ] && [ -r /proc/meminfo ] || return 1
    room=$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')
    memory=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
    [ "${room:-0}" -ge "$NEEDED_KB" ] && [ "${memory:-0}" -ge "$NEEDED_KB" ]
}

if [ -z "${TMPDIR:-}" ] && plenty; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi

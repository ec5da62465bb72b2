#!/bin/sh
# Prints the path of a Python 3.11 or newer that has venv. First of: CARELANE_PYTHON, the PATH, pyenv.
set -eu

fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

candidates() {
    [ -z "${CARELANE_PYTHON:-}" ] || echo "$CARELANE_PYTHON"
    for name in python3.11 python3.12 python3.13 python3.14 python3 python; do
        command -v "$name" || true
    done
    for root in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python; do
        [ ! -x "$root" ] || echo "$root"
    done
}

for candidate in $(candidates); do
    if fits "$candidate"; then
        # The interpreter itself, so that a pyenv shim can't change its mind later.
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done

echo "Carelane needs Python 3.11 or newer with venv, and found none." >&2
echo "Install it (Debian: apt-get install python3 python3-venv) or set CARELANE_PYTHON to one." >&2
exit 1

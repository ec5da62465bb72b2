#!/bin/sh
# Resolves requirements/*.in and package.json into lock files: names, versions, hashes, no registry address.
set -eu

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate "$@"
}

compile requirements/dev.in -o requirements/dev.lock
compile requirements/run.in -c requirements/dev.lock -o requirements/run.lock
npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund

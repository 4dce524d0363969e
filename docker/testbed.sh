#!/usr/bin/env bash
# The service `testbed`: runs what SKEWBED_SCENARIO names (words with spaces between) and ends with its exit code.
# Node takes the place of this shell, so that ^C and SIGTERM reach it.
set -euo pipefail
read -r -a what <<<"${SKEWBED_SCENARIO:-story}"
exec node cli/skewbed.mjs testbed "${what[@]}" --seed "${SKEWBED_SEED:-1}" --out /runs

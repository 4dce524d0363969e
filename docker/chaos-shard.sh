#!/usr/bin/env bash
# One shard of a chaos campaign, for engines that start the same container many times: Docker Swarm (docker/swarm/) and
# Kubernetes (docker/kubernetes/). Which shard it is comes from the engine; what is asked for, from SKEWBED_CHAOS.
# Standard output is the result as one JSON document and nothing else, for engines keep that as the container's log;
# how far it is stands in /tmp/progress.
# A shard that has found something has done its job: it ends with 0, and `skewbed report --merge` gives the verdict. What
# has no result ends with its own code, and the engine may try it again: a shard gives the same result every time.
set -euo pipefail
cd "$(dirname "$0")/.."

shards=${SKEWBED_SHARDS:?the number of shards}
# Kubernetes counts from 0 and calls it JOB_COMPLETION_INDEX.
shard=${JOB_COMPLETION_INDEX:-${SKEWBED_SLOT:?JOB_COMPLETION_INDEX or SKEWBED_SLOT}}
# A Swarm job counts from 0, too, but writes the node's id where {{.Task.Slot}} is 0.
if [ "$shard" = "${SKEWBED_NODE_ID:-}" ]; then shard=0; fi
out=${SKEWBED_OUT:-/tmp/runs}
progress=${SKEWBED_PROGRESS:-/tmp/progress}

# An exit code of this shell's own must not pass for one of the campaign's.
mkdir -p "$out" && : >"$progress" || exit 255
read -r -a asked <<<"${SKEWBED_CHAOS:-}"
code=0
node cli/skewbed.mjs chaos "${asked[@]}" --shard "$shard/$shards" --workers "${SKEWBED_WORKERS:-1}" --out "$out" --json \
  >"$out/shard.json" 2>"$progress" || code=$?
case $code in
  0 | 1 | 2) cat "$out/shard.json" || exit 255 ;;
  *)
    cat "$progress" >&2
    exit "$code"
    ;;
esac

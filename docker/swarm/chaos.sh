#!/usr/bin/env bash
# Runs a chaos campaign on a Docker Swarm, from a manager: starts docker/swarm/chaos.yaml, waits for all shards, collects
# their results and merges them. Ends as `skewbed chaos` on one machine would: 0 nothing found, 1 something, 2 blind.
#
#   docker/swarm/chaos.sh 16 --seeds 100000          16 shards of a campaign of 100,000 seeds
#
# SKEWBED_IMAGE   the image, which every node has to have (default skewbed:local)
# SKEWBED_STACK   the stack's name (default skewbed-chaos)
# SKEWBED_OUT     where the result is kept (default runs)
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! [[ ${1:-} =~ ^[1-9][0-9]{0,4}$ ]]; then
  echo 'usage: docker/swarm/chaos.sh SHARDS [options of skewbed chaos]' >&2
  exit 254
fi
export SKEWBED_SHARDS=$1
shift
export SKEWBED_CHAOS="$*"
stack=${SKEWBED_STACK:-skewbed-chaos}
out=${SKEWBED_OUT:-runs}
service=${stack}_shard
# Times that a shard may fail: a node may go away, memory may run out.
tries=3

if [ "$(docker info --format '{{.Swarm.ControlAvailable}}')" != true ]; then
  echo 'this engine manages no swarm: docker swarm init, or run it on a manager' >&2
  exit 254
fi
if docker service inspect "$service" >/dev/null 2>&1; then
  echo "there is a campaign $stack already: docker stack rm $stack, or set SKEWBED_STACK" >&2
  exit 254
fi

results=$(mktemp -d)
remove() {
  docker stack rm "$stack" >/dev/null 2>&1 || true
  rm -rf "$results"
}
trap remove EXIT
docker stack deploy --detach=true --resolve-image never -c docker/swarm/chaos.yaml "$stack" >&2

# Tasks by id, state and slot. A task that failed is tried again as another task of the same slot, without an end: the
# engine minds max_attempts for services, not for jobs.
tasks() {
  docker service ps --no-trunc --format '{{.ID}} {{.CurrentState}} {{.Name}}' "$service" | awk '{ print $1, $2, $NF }'
}
told=''
while true; do
  states=$(tasks)
  complete=$(awk '$2 == "Complete"' <<<"$states" | wc -l)
  if [ "$told" != "$complete" ]; then
    echo "chaos $complete/$SKEWBED_SHARDS shards" >&2
    told=$complete
  fi
  [ "$complete" -ge "$SKEWBED_SHARDS" ] && break
  hopeless=$(awk -v most="$tries" '$2 ~ /^(Failed|Rejected)$/ && ++failed[$3] == most' <<<"$states" | wc -l)
  if [ "$hopeless" -gt 0 ]; then
    echo "$hopeless of $SKEWBED_SHARDS shards have failed $tries times; they say:" >&2
    docker service logs --raw --tail 20 "$service" 2>&1 >/dev/null | sort -u | tail -n 20 >&2
    exit 255
  fi
  sleep 1
done

# A task may be complete a moment before its log can be had.
for task in $(tasks | awk '$2 == "Complete" { print $1 }'); do
  for _ in $(seq 20); do
    docker service logs --raw "$task" >"$results/$task.json" 2>"$results/log-error" || true
    [ "$(tail -c 2 "$results/$task.json")" = '}' ] && break
    sleep 0.5
  done
done
code=0
node cli/skewbed.mjs report --merge "$results"/*.json --out "$out" || code=$?
exit "$code"

#!/usr/bin/env bash
# Runs a chaos campaign on Kubernetes, in the namespace that kubectl has at present: applies docker/kubernetes/chaos-job.yaml,
# waits for all shards, collects their results and merges them. Ends as `skewbed chaos` on one machine would: 0 nothing
# found, 1 something, 2 blind.
#
#   SKEWBED_IMAGE=registry.example/skewbed:1 docker/kubernetes/chaos.sh 16 --seeds 100000
#
# SKEWBED_IMAGE   the image, which the nodes have to be able to pull (default skewbed:local)
# SKEWBED_OUT     where the result is kept (default runs)
# SKEWBED_POLL_S  seconds between two looks at the job (default 5)
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! [[ ${1:-} =~ ^[1-9][0-9]{0,4}$ ]] || ! [[ ${*:2} =~ ^[A-Za-z0-9\ ./_%-]*$ ]]; then
  echo 'usage: docker/kubernetes/chaos.sh SHARDS [options of skewbed chaos]' >&2
  exit 254
fi
shards=$1
asked=${*:2}
image=${SKEWBED_IMAGE:-skewbed:local}
out=${SKEWBED_OUT:-runs}
job=skewbed-chaos

if [ -n "$(kubectl get job "$job" --ignore-not-found -o name)" ]; then
  echo "there is a job $job already: kubectl delete job $job" >&2
  exit 254
fi
results=$(mktemp -d)
remove() {
  kubectl delete job "$job" --ignore-not-found --wait=false >/dev/null || true
  rm -rf "$results"
}
trap remove EXIT
sed -e "s/^  completions: .*/  completions: $shards/" -e "s/^  parallelism: .*/  parallelism: $shards/" \
  -e "s|name: SKEWBED_SHARDS, value: '[^']*'|name: SKEWBED_SHARDS, value: '$shards'|" \
  -e "s|name: SKEWBED_CHAOS, value: '[^']*'|name: SKEWBED_CHAOS, value: '$asked'|" \
  -e "s|image: .*|image: $image|" docker/kubernetes/chaos-job.yaml | kubectl apply -f - >&2

told=''
while true; do
  state=$(kubectl get job "$job" -o 'jsonpath={.status.succeeded} {.status.conditions[?(@.status=="True")].type}')
  succeeded=$(awk '{ print $1 + 0 }' <<<"$state")
  if [ "$told" != "$succeeded" ]; then
    echo "chaos $succeeded/$shards shards" >&2
    told=$succeeded
  fi
  case " $state " in
    *' Complete '*) break ;;
    *' Failed '*)
      echo "the job has failed; its pods say:" >&2
      kubectl logs --selector "job-name=$job" --tail 20 --prefix >&2 || true
      exit 255
      ;;
  esac
  sleep "${SKEWBED_POLL_S:-5}"
done

for pod in $(kubectl get pods --selector "job-name=$job" --field-selector status.phase=Succeeded -o name); do
  kubectl logs "$pod" >"$results/${pod##*/}.json"
done
code=0
node cli/skewbed.mjs report --merge "$results"/*.json --out "$out" || code=$?
exit "$code"

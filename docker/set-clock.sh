#!/usr/bin/env bash
# Sets this container's CLOCK_REALTIME, as `date` would, while everything runs:
#   docker compose exec node-b bash docker/set-clock.sh step -5s         five seconds back from where it is
#   docker compose exec node-b bash docker/set-clock.sh to '-10m x1.0002'  offset and rate against the machine's clock
# Seen after about a second (FAKETIME_CACHE_DURATION). Processes that start later count the rate from their own start.
set -euo pipefail
. /skewbed/docker/clock-words.sh
file=${FAKETIME_TIMESTAMP_FILE:?set by compose.os-clock.yaml}

case "${1:-} ${2:-}" in
  'step '?*)
    read -r kept_offset kept_rate <"$file"
    read_clock_words "$2"
    offset_s=$(awk -v kept="$kept_offset" -v step="$offset_s" 'BEGIN { printf "%+.3f", kept + step }')
    rate=${kept_rate#x}
    ;;
  'to '?*)
    read_clock_words "$2"
    offset_s=$(awk -v offset="$offset_s" 'BEGIN { printf "%+.3f", offset }')
    ;;
  *)
    echo "usage: set-clock.sh step DURATION | to 'OFFSET [RATE]'" >&2
    exit 254
    ;;
esac
# Always with a rate, always by mv: a process that reads half a file, or one that it cannot read, hangs.
printf '%s x%s\n' "$offset_s" "$rate" >"$file.new"
chmod a+r "$file.new"
mv -f "$file.new" "$file"

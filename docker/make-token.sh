#!/usr/bin/env bash
# The one-shot service `token`: puts a token into the volume that the other services mount read-only. The one that
# SKEWBED_TOKEN_FILE gives, or a random one, which stays until the volume goes. It is printed nowhere.
set -euo pipefail
given=/run/given-token
kept=/run/skewbed/token
umask 077
if [ -f "$given" ]; then
  [ -r "$given" ] || {
    echo "token: the file of SKEWBED_TOKEN_FILE cannot be read by user $(id -u) of the container: chown $(id -u) it, or chmod a+r" >&2
    exit 1
  }
  cat "$given" >"$kept.new"
  mv "$kept.new" "$kept"
  echo 'token: taken from SKEWBED_TOKEN_FILE'
elif [ -s "$kept" ]; then
  echo 'token: there already'
else
  head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >"$kept.new"
  mv "$kept.new" "$kept"
  echo 'token: made at random; see it with: docker compose exec coordinator cat /run/skewbed/token'
fi

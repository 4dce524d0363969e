#!/bin/sh
# Checks hand-over.pml with spin: both properties hold, with the number of states, and each mutation is caught.
# Needs spin and gcc (Debian: apt-get install spin gcc). Takes half a minute. Exit code: 0, or 1 with what is wrong.
set -eu

model=$(cd "$(dirname "$0")" && pwd)/hand-over.pml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# verify <claim> <macro...>: pan's report. NFAIR: pan keeps the turns of so many times four processes, and two are its own.
verify() {
  claim=$1
  shift
  spin -a "$@" "$model" > spin.out || { cat spin.out; exit 1; }
  gcc -O2 -DCOLLAPSE -DNFAIR=5 -DMEMLIM=4000 -o pan pan.c
  case $claim in
    liveness) ./pan -a -f -N "$claim" -m3000000 ;;
    *) ./pan -a -N "$claim" -m3000000 ;;
  esac > report 2>&1 || true
  # A search that stopped early, for memory or depth, has shown nothing.
  if grep -Eq 'max search depth too small|out of memory|pan: error' report || ! grep -q 'errors:' report; then
    cat report
    exit 1
  fi
}

holds() {
  name=$1
  verify "$@"
  grep -q 'errors: 0' report || { echo "hand-over.pml: $name does NOT hold"; cat report; exit 1; }
  echo "hand-over.pml: $name holds in $(awk '/states, stored/ { print $1; exit }' report) states"
}

caught() {
  mutation=$1
  verify "$2" "-D$mutation"
  if grep -q 'errors: 0' report; then
    echo "hand-over.pml: $2 holds with $mutation: the model sees nothing"
    exit 1
  fi
  echo "hand-over.pml: $2 fails with $mutation, as it has to"
}

holds safety
holds liveness
caught JOURNAL_LATE safety
caught NEVER_ASK liveness
caught NO_LOCK safety

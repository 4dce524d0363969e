#!/usr/bin/env bash
# Makes `docker` and `docker compose` work on a fresh Debian 12 that has no engine: installs the engine of Debian 12 with
# Compose and buildx of Debian 13 (Debian 12's own Compose is no `docker compose`), and starts the daemon where nothing
# else would. Does nothing where both answer already. On any other system it says what to install.
#
#   sudo docker/engine.sh           install what is missing
#   docker/engine.sh --check        only say, in one line, what is missing; exit code 1 when something is
set -euo pipefail

engine_answers() { docker info >/dev/null 2>&1; }
compose_answers() { docker compose version >/dev/null 2>&1; }

if [ "${1:-}" = --check ]; then
  engine_answers || { echo 'no Docker engine answers: start it, or on Debian 12 run: sudo docker/engine.sh'; exit 1; }
  compose_answers || { echo "'docker compose' is missing: install Compose 2, or on Debian 12 run: sudo docker/engine.sh"; exit 1; }
  exit 0
fi

if engine_answers && compose_answers; then
  echo 'engine: there already'
  exit 0
fi

. /etc/os-release
if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
  echo "engine: this script knows Debian 12 only, and this is ${PRETTY_NAME:-unknown}; install Docker Engine and Compose 2: https://docs.docker.com/engine/install/" >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo 'engine: installing packages needs root: sudo docker/engine.sh' >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
install='apt-get install -y -qq --no-install-recommends'
list=/etc/apt/sources.list.d/skewbed-trixie.list
pin=/etc/apt/preferences.d/skewbed-trixie
trap 'rm -f "$list" "$pin"' EXIT

if ! command -v dockerd >/dev/null || ! command -v debootstrap >/dev/null; then
  apt-get update -qq
  $install docker.io debootstrap iptables >/dev/null
fi

# Both from one suite: a newer Compose refuses an older buildx. Pinned to -1, nothing else of Debian 13 comes along.
if ! compose_answers; then
  mirror=$(awk '$1 == "URIs:" { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:?the apt sources of this machine name no mirror} trixie main" >"$list"
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: -1\n' >"$pin"
  apt-get update -qq -o Dir::Etc::sourcelist="sources.list.d/$(basename "$list")" -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
  $install docker-compose/trixie docker-buildx/trixie >/dev/null
fi

if ! engine_answers; then
  if [ -d /run/systemd/system ]; then
    systemctl start docker
  else
    setsid dockerd -H unix:///var/run/docker.sock >/var/log/dockerd.log 2>&1 </dev/null &
  fi
  timeout 60 sh -c 'until docker info >/dev/null 2>&1; do sleep .2; done' || {
    echo 'engine: the daemon did not answer within 60 s; its last words:' >&2
    tail -n 20 /var/log/dockerd.log >&2 || true
    exit 1
  }
fi
compose_answers || { echo "engine: 'docker compose' does not answer after the installation" >&2; exit 1; }
echo "engine: $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short)"

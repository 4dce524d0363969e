#!/usr/bin/env bash
# Makes the image that docker/Dockerfile begins with, on a machine whose engine reaches no image registry but whose npm and
# apt work: Debian 12 by debootstrap, Node and npm from the npm registry, and this machine's apt sources and certificates,
# so that `apt-get` and `npm ci` inside `docker build` reach what the machine reaches.
# Does nothing where the image is there already or a registry gives it. The image made here belongs to this machine:
# never push it.
set -euo pipefail

image=node:24-bookworm-slim
label=skewbed.base=made-here

if docker image inspect "$image" >/dev/null 2>&1; then
  echo "base image: $image is there already"
  exit 0
fi
if timeout 180 docker pull -q "$image" >/dev/null 2>&1; then
  echo "base image: $image pulled"
  exit 0
fi

. /etc/os-release
if [ "${ID:-}" != debian ] || [ "$(id -u)" != 0 ]; then
  echo "base image: no registry gives $image, and making it needs root on Debian; pull it where there is a registry: docker pull $image" >&2
  exit 1
fi
command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "base image: no Node package for $(uname -m)" >&2; exit 1 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mirror=$(awk '$1 == "URIs:" { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)

echo "base image: no registry gives $image; making it (about a minute)"
(cd "$work" && npm pack --silent --loglevel=error "node-linux-$arch@24" npm@11 >/dev/null && mkdir node npm &&
  tar -xzf node-linux-*.tgz -C node --strip-components=1 && tar -xzf npm-*.tgz -C npm --strip-components=1 && rm ./*.tgz &&
  chmod 755 node/bin/node npm/bin/*.js) &
packing=$!
debootstrap --variant=minbase --include=ca-certificates bookworm "$work/root" "${mirror:?the apt sources of this machine name no mirror}" >"$work/debootstrap.log" 2>&1 ||
  { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
wait "$packing"

# What the machine trusts and where it gets packages: the build runs on its network.
mkdir -p "$work/machine/apt"
cp /etc/ssl/certs/ca-certificates.crt "$work/machine/ca-certificates.crt"
cp /etc/apt/sources.list.d/debian.sources "$work/machine/apt/" 2>/dev/null || cp /etc/apt/sources.list "$work/machine/apt/"
cp /etc/apt/apt.conf.d/*proxy* "$work/machine/apt/" 2>/dev/null || true
npm config get registry >"$work/machine/registry"

tar -C "$work/root" -c . | docker import -c 'CMD ["bash"]' - debian:bookworm-slim >/dev/null
rm -rf "$work/root"
cat >"$work/Dockerfile" <<'DOCKERFILE'
FROM debian:bookworm-slim
COPY machine /tmp/machine
COPY node/bin/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && cp /tmp/machine/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt \
 && if [ -f /tmp/machine/apt/debian.sources ]; then rm -f /etc/apt/sources.list; cp /tmp/machine/apt/debian.sources /etc/apt/sources.list.d/; \
    else cp /tmp/machine/apt/sources.list /etc/apt/sources.list; fi \
 && for file in /tmp/machine/apt/*proxy*; do if [ -f "$file" ]; then cp "$file" /etc/apt/apt.conf.d/; fi; done \
 && npm config set --global registry "$(cat /tmp/machine/registry)" \
 && rm -rf /tmp/machine \
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
DOCKERFILE
DOCKER_BUILDKIT=0 docker build -q --label "$label" -t "$image" "$work" >/dev/null
echo "base image: $(docker run --rm "$image" node --version), $(docker image inspect -f '{{.Size}}' "$image" | awk '{ printf "%.0f MB", $1 / 1e6 }')"

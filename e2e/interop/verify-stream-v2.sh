#!/usr/bin/env bash
# Xen's own verify-stream-v2 on our save files: taken from Debian's package xen-utils-4.17, unpacked beside the run, and
# thrown away again. A damaged file has to fail, so that a script which never ran does not pass. Without a package archive
# this is skipped with one line, but not in CI.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
root=$work/root
mkdir "$root"

fetch() { (cd "$work" && apt-get download -qq "$@" >/dev/null 2>&1) || { apt-get update -qq >/dev/null 2>&1 && (cd "$work" && apt-get download -qq "$@" >/dev/null 2>&1); }; }
give_up() {
  if [ -n "${CI:-}" ]; then echo "verify-stream-v2: $1" >&2; exit 1; fi
  echo "verify-stream-v2: skipped, $1"
  exit 0
}

fetch xen-utils-4.17 || give_up 'apt-get cannot download xen-utils-4.17'
python=python3
if ! command -v python3 >/dev/null; then
  fetch python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libexpat1 || give_up 'there is no python3, and apt-get cannot download one'
  python=$root/usr/bin/python3.11
  export PYTHONHOME=$root/usr
fi
for package in "$work"/*.deb; do dpkg -x "$package" "$root"; done
if [ -n "${PYTHONHOME:-}" ]; then LD_LIBRARY_PATH=$(dirname "$(find "$root" -name 'libexpat.so.1' | head -n 1)"); export LD_LIBRARY_PATH; fi
xen=$root/usr/lib/xen-4.17
verify() { PYTHONPATH=$xen/lib/python "$python" "$xen/bin/verify-stream-v2" --verbose --format xl --in "$1"; }

for scenario in t0 t3; do
  node cli/skewbed.mjs save "$scenario" "$work/$scenario.save" >/dev/null
  verify "$work/$scenario.save" >"$work/$scenario.txt" || { cat "$work/$scenario.txt"; echo "verify-stream-v2 refuses our save of $scenario" >&2; exit 1; }
  grep -q '^Libxl Record: End' "$work/$scenario.txt"
done

# The saves of real Xen: the script's words are those that lie beside them.
gzip -dc e2e/interop/fixtures/mp4M.xen417.save.gz >"$work/real.save"
verify "$work/real.save" | diff - e2e/interop/fixtures/mp4M.xen417.verify-stream-v2.txt

# Canary: a reserved byte of the image header.
printf '\001' | dd of="$work/t0.save" bs=1 seek=$(($(grep -abo XENF "$work/t0.save" | head -n 1 | cut -d: -f1) + 15)) conv=notrunc status=none
if verify "$work/t0.save" >/dev/null 2>&1; then echo 'verify-stream-v2 takes a damaged file: it does not look' >&2; exit 1; fi

echo 'verify-stream-v2 of Xen 4.17: our saves of t0 and t3 pass, a damaged one does not'

#!/bin/bash
# record-all.sh [CASE…]: makes the captures again. Needs root; installs the servers of Debian's that are missing.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- */*/
for case in "$@"; do
  [ -d "$case" ] && [[ $case != servers/* ]] || continue
  printf '%-24s ' "${case%/}"
  if [ -e "$case/build.ts" ]; then npx tsx build.ts "$case" && echo built; else "./${case%/}/record.sh"; fi
done

#!/bin/bash
# record-all.sh [CASE…]: records the captures again. Needs root and the servers of setup/packages.txt (group test).
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- */*/
for case in "$@"; do
  printf '%-24s ' "${case%/}"
  "./${case%/}/record.sh"
done

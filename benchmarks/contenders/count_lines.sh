#!/usr/bin/env bash
# zcat and wc: both logs unpacked at once, and their lines counted. Nobody who reads gzip this way can take less.
# usage: count_lines.sh REQUESTS RESPONSES OUT
set -euo pipefail
{ zcat "$1" | wc -l & zcat "$2" | wc -l; wait $!; } >"$3"

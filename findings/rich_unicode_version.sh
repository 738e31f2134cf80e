#!/bin/sh
# rich measures text by the Unicode version that the variable UNICODE_VERSION of the environment names.
#
# One would guess that the width of a text depends on the text. Terminals and other programs set this variable for
# their own sake. With an old version, a mark that Unicode gained later is not known to stand on its letter, and gets a
# cell of its own: the columns of a table and its frame move apart. An unknown version counts as the newest.
#
# Installs a pinned rich in a temporary folder, measures the same word under four values of the variable, and fails
# when what it sees changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'rich==15.0.0'

measure() {
    # The letters a and b; on the a, the mark U+1AB0 of Unicode 7.0, as in phonetic transcription.
    "$folder/venv/bin/python" -c '
from rich.cells import cell_len
print(cell_len("a\u1ab0b"))'
}

unset UNICODE_VERSION || true
none=$(measure)
old=$(UNICODE_VERSION=4.1.0 measure)
since=$(UNICODE_VERSION=7.0.0 measure)
unknown=$(UNICODE_VERSION=unknown measure)
"$folder/venv/bin/python" -c 'from importlib.metadata import version; print("rich", version("rich"))'
echo "cells of a word of two letters with a mark: $none without the variable, $old with 4.1.0, $since with 7.0.0, $unknown with an unknown version"
[ "$none $old $since $unknown" = "2 3 2 2" ] || { echo "this has changed: 2, 3, 2 and 2 were seen" >&2; exit 1; }

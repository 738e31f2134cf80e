#!/bin/sh
# Listing objects by a prefix gives nothing where the prefix ends within a segment of their names.
#
# S3 itself, boto3 and the command lines of the clouds take a prefix as text: "logs/req" lists logs/requests-01.gz. With
# obstore 0.12.1, and the object_store it is made of, a prefix is whole segments: the same call lists nothing, raises no
# error, and whoever asks "is there any log of that name" is told that there is none. A slash at the end changes nothing.
# To list by the start of a name, list the folder above and compare the names.
#
# Installs a pinned obstore in a temporary folder, puts objects into a store in memory, prints what three prefixes list,
# and fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'obstore==0.12.1'
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from obstore.store import MemoryStore

store = MemoryStore()
for name in ("logs/requests-01.gz", "logs/requests-02.gz", "logs/responses-01.gz"):
    store.put(name, b"x")
found = {prefix: [entry["path"] for batch in store.list(prefix) for entry in batch] for prefix in ("logs", "logs/", "logs/req")}
print("obstore", version("obstore"))
for prefix, names in found.items():
    print(f"list({prefix!r}): {len(names)} objects")
if [len(names) for names in found.values()] != [3, 3, 0]:
    print("this has changed: 3, 3 and 0 objects were listed")
    sys.exit(1)
PYTHON

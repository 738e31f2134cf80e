#!/bin/sh
# A site that zensical builds with its plugin "offline" loads a script from another host, which it does not without it.
#
# One would guess the other way round: the plugin is for sites that are read from a folder, without a network. With
# zensical 0.0.73 every page of such a site names a script at unpkg.com, a substitute for web workers, which a browser
# does not start from a folder. Without a network the script is missing, and the search that it is for does not work.
# Whoever builds pages for machines without a network leaves the plugin out.
#
# Installs a pinned zensical in a temporary folder, builds a site of one page with the plugin and without it, prints the
# hosts that its pages load scripts from, and fails when these are others.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'zensical==0.0.73'
cd "$folder"
mkdir docs
printf '# Home\n\nA page.\n' > docs/index.md
hosts() {
    printf '[project]\nsite_name = "site"\n[project.theme]\nfont = false\n%s\n' "$1" > zensical.toml
    rm -rf site
    venv/bin/zensical build > build.log 2>&1 || { cat build.log; exit 1; }
    sed -n 's/.*<script[^>]*src="\{0,1\}https:\/\/\([^/"> ]*\).*/\1/p' site/index.html | sort -u
}
without=$(hosts '')
with=$(hosts '[project.plugins.offline]')
echo "zensical $(venv/bin/python -c 'from importlib.metadata import version; print(version("zensical"))')"
echo "scripts of other hosts without the plugin offline: ${without:-none}"
echo "scripts of other hosts with the plugin offline:    ${with:-none}"
if [ "$without" != "" ] || [ "$with" != "unpkg.com" ]; then
    echo "this has changed: none and unpkg.com were seen"
    exit 1
fi

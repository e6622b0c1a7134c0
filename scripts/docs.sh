#!/usr/bin/env bash
# Builds the documents as a site, build-docs/site, to be opened from there: docs/ and mkdocs.yml through MkDocs with the
# Material theme, which it takes from PyPI into build-docs/ the first time. A link that leads nowhere is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
packages=(mkdocs==1.6.1 mkdocs-material==9.8.2 pymdown-extensions==13.1.2)

python3 -c 'import ensurepip, venv' 2>/dev/null || scripts/setup.sh docs
[[ -x build-docs/bin/python ]] || python3 -m venv build-docs
# Needs no network where all is there.
build-docs/bin/python -m pip install --quiet --disable-pip-version-check "${packages[@]}"
NO_MKDOCS_2_WARNING=1 build-docs/bin/mkdocs build --strict --quiet --site-dir build-docs/site
echo "build-docs/site/index.html"

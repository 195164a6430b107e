# Sourced by ./test: other programs that read our files, for tests that are skipped without them.

# install_readers FOLDER: its npm packages, where node and npm are there and the network has them; else says nothing.
install_readers() {
  command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return 0
  [ "$1/node_modules" -nt "$1/package.json" ] && return 0
  (cd "$1" && timeout 120 npm install --no-package-lock --include=optional --ignore-scripts --no-audit --no-fund \
    --loglevel=error >/dev/null 2>&1 && touch node_modules) || true
}

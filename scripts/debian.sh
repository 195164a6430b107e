# Sourced by ./test: Debian's packages that tests compare with.

# need PACKAGE…: installs those that are missing, where this is Debian and apt may and can; else says nothing. Tests
# that need a package which is not there are skipped, and say which.
need() {
  local missing=() package
  command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 || return 0
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" -eq 0 ] || return 0
  apt_install "${missing[@]}" || { timeout 120 apt-get update -qq >/dev/null 2>&1 && apt_install "${missing[@]}"; } || true
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1
}

# Sourced by ./dlrm and ./test: finds the .NET SDK, and builds under one lock, so that two commands started at the
# same time do not write the same files. Expects $root, the repository.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# Sets $dotnet.
find_dotnet() {
  local candidate
  for candidate in "${DOTNET_ROOT:+$DOTNET_ROOT/dotnet}" "$(command -v dotnet || true)" "$HOME/.dotnet/dotnet" \
    /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet /usr/local/share/dotnet/dotnet; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then
      dotnet=$candidate
      return
    fi
  done
  fail 'The .NET SDK 10 is needed and was not found (no dotnet on PATH, in DOTNET_ROOT or in ~/.dotnet).' \
    'Get it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this command again.'
}

# The SDK that global.json asks for must be there; a runtime alone cannot build.
check_sdk() {
  (cd "$root" && "$dotnet" --version >/dev/null 2>&1) && return
  local installed
  installed=$(cd / && "$dotnet" --list-sdks 2>/dev/null | cut -d' ' -f1 | paste -sd' ' -)
  fail "The .NET SDK 10.0.100 or later is needed; $dotnet has ${installed:-no SDK}." \
    'Get it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this command again.'
}

# lock COMMAND…: runs it while holding the build lock, where the system has flock.
lock() {
  mkdir -p "$root/artifacts"
  if command -v flock >/dev/null 2>&1; then
    (
      flock 9
      "$@"
    ) 9>"$root/artifacts/build.lock"
  else
    "$@"
  fi
}

# quietly COMMAND…: its output is shown only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1 9>&-; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

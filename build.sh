#!/usr/bin/env bash
# Compiles the build program when one of its inputs has changed, and runs it with the given arguments.
#
#   PREHEAT_ENGINE=bundled|package   which engine build/ is compiled against (default: bundled)
#
# Needs bash 3.2 or newer. The .NET SDK named by global.json is taken from PATH, DOTNET_ROOT or an earlier
# installation in .nuke/temp/dotnet, or else is installed there.
set -euo pipefail
unset CDPATH

fail() {
  printf 'build.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

# Prints a path with the symbolic links of its last component followed (readlink -f is not everywhere).
follow_links() {
  local path=$1 target
  while [ -L "$path" ]; do
    target=$(readlink "$path")
    case $target in
      /*) path=$target ;;
      *) path=$(dirname "$path")/$target ;;
    esac
  done
  printf '%s\n' "$path"
}

script=$(follow_links "${BASH_SOURCE[0]}")
cd -P "$(dirname "$script")" # the program looks for .nuke from the working directory upwards
root=$PWD
temp=$root/.nuke/temp
stamp=$temp/build.stamp
lock=$temp/build.lock
engine=${PREHEAT_ENGINE:-bundled}
case $engine in
  bundled | package) ;;
  *) fail "PREHEAT_ENGINE is '$engine'; allowed are bundled and package." 2 ;;
esac

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false NUKE_TELEMETRY_OPTOUT=1
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-1}" # no ICU needed

path_dotnet=$(command -v dotnet || true)
given_root=${DOTNET_ROOT:-}

# Everything that decides what the compiled program is: a line for each input file with its size and time (a
# deleted file is a missing line), and where the SDK was looked for. Compared as text: no hash, no collision.
inputs() {
  local file
  printf '%s\n' "engine $engine" "dotnet $path_dotnet" "DOTNET_ROOT $given_root" "root $root"
  set -- build src
  for file in Directory.*.props Directory.*.targets global.json .editorconfig [Nn]u[Gg]et.[Cc]onfig; do
    if [ -f "$file" ]; then set -- "$@" "$file"; fi
  done
  if find . -prune -printf '' 2>/dev/null; then # GNU
    find "$@" \( -name bin -o -name obj \) -prune -o ! -type d -printf '%p %s %T@\n'
  elif stat -c %n . >/dev/null 2>&1; then # busybox
    find "$@" \( -name bin -o -name obj \) -prune -o ! -type d -exec stat -c '%n %s %Y' {} +
  else # BSD, macOS
    find "$@" \( -name bin -o -name obj \) -prune -o ! -type d -exec stat -f '%N %z %Fm' {} +
  fi 2>/dev/null | LC_ALL=C sort || true # a file that vanishes meanwhile is no failure: the next listing differs
}

# Reads the stamp of the last compilation into dotnet, sdk and program; false when it does not fit the inputs.
is_current() {
  local saved=''
  [ -f "$stamp" ] || return 1
  {
    IFS= read -r dotnet && IFS= read -r sdk && IFS= read -r program || return 1
    IFS= read -r -d '' saved || true
  } <"$stamp"
  [ "$saved" = "$wanted"$'\n' ] && [ -x "$dotnet" ] && [ -d "$sdk" ] && [ -f "$program" ]
}

# Takes the lock that lets one call compile at a time; the lock of a process that is gone is removed.
take_lock() {
  local owner tenths=0
  until (set -o noclobber && echo "$$" >"$lock") 2>/dev/null; do
    owner=$(cat "$lock" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null && ! [ -d "/proc/$owner" ]; then
      # One remover at a time, and only while the lock is still the dead process's.
      if mkdir "$lock.removal" 2>/dev/null; then
        if [ "$(cat "$lock" 2>/dev/null || true)" = "$owner" ]; then rm -f "$lock"; fi
        rmdir "$lock.removal"
      fi
    fi
    tenths=$((tenths + 1))
    if [ "$tenths" -eq 20 ]; then echo "Waiting for process $owner, which compiles the build…" >&2; fi
    if [ "$tenths" -ge 6000 ]; then
      fail "Process $owner has held $lock for 10 minutes. If no build is running, delete that file and $lock.removal."
    fi
    sleep 0.1
  done
  trap 'rm -f "$lock"' EXIT
}

# Leaves only what compiling may depend on. MSBuild makes a property of every environment variable, so an
# ambient PLATFORM, CONFIGURATION or VERSION would change the build; its properties have no underscore in their names.
scrub_environment() {
  local name
  for name in $(compgen -e); do
    case $name in
      PATH | HOME | USER | LOGNAME | SHELL | LANG | LANGUAGE | TERM | TZ | CI | TMPDIR | TMP | TEMP) ;;
      OS | SYSTEMROOT | WINDIR | COMSPEC | APPDATA | LOCALAPPDATA | PROGRAMDATA | PROGRAMFILES | USERPROFILE) ;;
      [!_]*_*) ;;
      *) unset "$name" 2>/dev/null || true ;;
    esac
  done
}

# Sets dotnet to the first one whose SDKs satisfy global.json (--version applies its roll-forward rule).
find_dotnet() {
  local candidate
  for candidate in "$path_dotnet" "${given_root:+$given_root/dotnet}" "$temp/dotnet/dotnet"; do
    if [ -x "$candidate" ] && sdk_version=$(scrub_environment && "$candidate" --version 2>/dev/null); then
      dotnet=$candidate
      return
    fi
  done
  return 1
}

install_dotnet() {
  local wanted_sdk channel url=https://dot.net/v1/dotnet-install.sh installer=$temp/dotnet-install.sh
  wanted_sdk=$(sed -n 's/.*"version"[^"]*"\([0-9][^"]*\)".*/\1/p' global.json)
  channel=${wanted_sdk%.*}
  local remedy="Install the .NET SDK $wanted_sdk or a later one of $channel (https://dotnet.microsoft.com/download), or set DOTNET_ROOT to where it is."
  echo "Installing the .NET SDK to .nuke/temp/dotnet…" >&2
  if command -v curl >/dev/null; then
    curl -fsSL --retry 3 -o "$installer" "$url" || fail "No .NET SDK fits global.json, and $url could not be fetched. $remedy"
  elif command -v wget >/dev/null; then
    wget -q -O "$installer" "$url" || fail "No .NET SDK fits global.json, and $url could not be fetched. $remedy"
  else
    fail "No .NET SDK fits global.json, and neither curl nor wget is there to fetch $url. $remedy"
  fi
  bash "$installer" --channel "$channel" --install-dir "$temp/dotnet" --no-path >"$temp/dotnet-install.log" 2>&1 ||
    fail "$(cat "$temp/dotnet-install.log")"$'\n'"The .NET SDK could not be installed. $remedy"
  find_dotnet || fail "The .NET SDK that was installed to $temp/dotnet does not satisfy global.json. $remedy"
}

compile() {
  local assembly output='' log=$temp/build.log bin=build/bin
  [ "$engine" = bundled ] || bin=build/bin/$engine
  find_dotnet || install_dotnet
  sdk=$(dirname "$(follow_links "$dotnet")")/sdk/$sdk_version
  [ -d "$sdk" ] || sdk=/ # dotnet is a wrapper script: nothing to watch
  echo "Compiling the build…" >&2
  # Analyzers run in the Test target; no node stays behind that could hold the caller's files.
  (
    scrub_environment
    exec "$dotnet" build build/_build.csproj -c Release -nologo -tl:off -v:quiet "-clp:ErrorsOnly;NoSummary" \
      -nodeReuse:false -p:RunAnalyzers=false "-p:NukeEngine=$engine"
  ) >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    fail "The build does not compile (the errors are above)."
  }
  for assembly in "$bin"/Release/*/_build.dll; do
    if [ -z "$output" ] || [ "$assembly" -nt "$output/_build.dll" ]; then output=$(dirname "$assembly"); fi
  done
  # It runs from a copy, so that compiling anew never changes the files of a program that is running.
  program=build/bin/run/$(date +%Y%m%d%H%M%S)-$$
  mkdir -p "$program"
  cp -R "$output/." "$program"
  program=$root/$program/_build.dll
  printf '%s\n' "$dotnet" "$sdk" "$program" "$wanted" >"$stamp.$$"
  mv -f "$stamp.$$" "$stamp"
  set -- build/bin/run/*
  while [ $# -gt 5 ]; do
    rm -rf "$1"
    shift
  done
}

wanted=$(inputs)
if ! is_current; then
  if ! mkdir -p "$temp" 2>/dev/null || ! [ -w "$temp" ]; then
    fail "The folder $temp cannot be written; the build is compiled there. Make it writable, or use a clone of your own."
  fi
  take_lock
  wanted=$(inputs)
  is_current || compile
  rm -f "$lock"
  trap - EXIT
fi

if [ "$dotnet" != "$path_dotnet" ]; then
  DOTNET_ROOT=$(dirname "$(follow_links "$dotnet")")
  export DOTNET_ROOT PATH="$DOTNET_ROOT:$PATH"
fi
exec "$dotnet" "$program" "$@"

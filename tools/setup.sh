# Sourced by ./run and ./test: installs what is missing on Debian, and says so. Sets nothing but `root`.
# Needs: the .NET 10 SDK and Node with npm. Installs: a C++ compiler, libtorch, a fast BLAS, ffmpeg, SQLite, prlimit.

# The SDK itself stops without libicu unless told that none is wanted; the studio's own formats are invariant.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-1} DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "installing packages needs root: run 'apt-get install ${missing[*]}' as root, then start again"
  fi
}

# install_missing [PACKAGE:FILE…]: what everything needs, and packages that are missing if their file is.
install_missing() {
  local extra
  command -v dotnet >/dev/null || die "the .NET 10 SDK is missing. Remedy: https://dotnet.microsoft.com/download/dotnet/10.0"
  command -v npm >/dev/null || die "Node with npm is missing (it fetches the charts' script). Remedy: https://nodejs.org, or apt-get install npm"
  missing=()
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  { command -v ffmpeg && command -v ffprobe; } >/dev/null || missing+=(ffmpeg)
  ls /usr/lib/*/libsqlite3.so.0 >/dev/null 2>&1 || missing+=(libsqlite3-0)
  command -v prlimit >/dev/null || missing+=(util-linux)
  if [ -z "${TORCH_DIR:-}" ]; then
    [ -f /usr/include/torch/csrc/api/include/torch/version.h ] || missing+=(libtorch-dev)
    # libtorch's own dependency is satisfied by the reference BLAS, which is 30 times slower: always name a fast one.
    ls /usr/lib/*/openblas-pthread/libblas.so.3 >/dev/null 2>&1 || missing+=(libopenblas0-pthread)
  fi
  for extra in "$@"; do
    [ -e "${extra#*:}" ] || missing+=("${extra%%:*}")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    command -v apt-get >/dev/null || die "please install: ${missing[*]} (this system has no apt-get)"
    say "installing ${missing[*]} ..."
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
  [ -n "${TORCH_DIR:-}" ] || select_fast_blas
}

# Somebody may have chosen the reference BLAS by hand: choose OpenBLAS again.
select_fast_blas() {
  local fast link
  for fast in /usr/lib/*/openblas-pthread/libblas.so.3; do
    link=${fast%/openblas-pthread/libblas.so.3}/libblas.so.3
    case "$(readlink -f "$link")" in
      */blas/libblas.so.3*)
        say "selecting OpenBLAS instead of the reference BLAS ..."
        as_root update-alternatives --set "libblas.so.3-$(basename "$(dirname "$link")")" "$fast" >/dev/null
        ;;
    esac
  done
}

# is_built PROJECT FOLDER...: nothing in the folders has changed since its last build with the same TORCH_DIR.
is_built() {
  local stamp=$root/artifacts/$(basename "$1").stamp
  shift
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "TORCH_DIR=${TORCH_DIR:-}" ] && [ -f "$root/src/Studio/bin/Release/net10.0/studio.dll" ] &&
    [ -z "$(find "$@" "$root"/*.props "$root"/*.sln "$root/.editorconfig" "$root/global.json" \
            \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print -quit)" ]
}

# build PROJECT FOLDER...: builds it unless it is built. Of commands started at once, one builds and the others wait for it.
build() {
  if is_built "$@"; then return; fi
  mkdir -p "$root/artifacts"
  exec 9> "$root/artifacts/build.lock"
  flock 9
  if ! is_built "$@"; then build_now "$1"; fi
  exec 9>&-
}

build_now() {
  local stamp log=$root/artifacts/build.log
  stamp=$root/artifacts/$(basename "$1").stamp
  say "building ..."
  touch "$stamp.new" # before the build: what changes while it runs is built next time
  # Compilers that stay for the next build must not keep the lock.
  if ! dotnet build "$1" -c Release -v quiet -nologo -clp:NoSummary >"$log" 2>&1 9>&-; then
    cat "$log" >&2
    die "the build failed"
  fi
  printf 'TORCH_DIR=%s\n' "${TORCH_DIR:-}" > "$stamp"
  touch -r "$stamp.new" "$stamp"
  rm -f "$stamp.new"
}

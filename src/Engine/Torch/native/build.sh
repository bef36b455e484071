#!/usr/bin/env bash
# Builds libstudio_native.so (the libtorch shim and the CPU kernels) into the folder given as $1.
# TORCH_DIR names another libtorch: a folder with include/ and lib/ (a pip-installed torch folder or an unpacked
# libtorch archive). Without it, the distribution's libtorch-dev is used. Incremental: objects are rebuilt only when
# their source, the compiler, the flags or TORCH_DIR changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
cxx=${CXX:-g++}
command -v "$cxx" >/dev/null || { echo "error: no C++ compiler ($cxx). Remedy: apt-get install g++, or run ./run which installs it." >&2; exit 1; }

flags=(-std=c++17 -fPIC -fvisibility=hidden -fopenmp)
if [ -n "${TORCH_DIR:-}" ]; then
  lib=$TORCH_DIR/lib
  [ -f "$TORCH_DIR/include/ATen/ATen.h" ] || { echo "error: TORCH_DIR=$TORCH_DIR has no include/ATen/ATen.h. Remedy: name a folder with include/ and lib/, such as site-packages/torch." >&2; exit 1; }
  [ -f "$lib/libtorch_cpu.so" ] || { echo "error: TORCH_DIR=$TORCH_DIR has no lib/libtorch_cpu.so." >&2; exit 1; }
  version_header=$TORCH_DIR/include/torch/csrc/api/include/torch/version.h
  [ -f "$version_header" ] || version_header=$TORCH_DIR/include/torch/headeronly/version.h
  include=(-isystem "$TORCH_DIR/include" -isystem "$TORCH_DIR/include/torch/csrc/api/include")
  # libtorch_cuda registers its kernels when it is loaded, so it must be linked although no symbol of it is named.
  link=(-L"$lib" -Wl,--no-as-needed -ltorch -ltorch_cpu -lc10)
  [ -f "$lib/libtorch_cuda.so" ] && link+=(-ltorch_cuda -lc10_cuda)
  link+=(-Wl,-rpath,"$lib")
  # Which C++ ABI the library was built with shows in any exported name that takes a std::string.
  if ! grep -qaE 'SetStackTraceFetcherESt8functionIFNSt7__cxx11' "$lib/libc10.so"; then flags+=(-D_GLIBCXX_USE_CXX11_ABI=0); fi
else
  version_header=/usr/include/torch/csrc/api/include/torch/version.h
  [ -f "$version_header" ] || { echo "error: libtorch-dev is not installed. Remedy: ./run (installs it), apt-get install libtorch-dev libopenblas0-pthread, or set TORCH_DIR." >&2; exit 1; }
  include=(-isystem /usr/include/torch/csrc/api/include)
  link=(-ltorch_cpu -lc10)
fi
# libtorch's headers ask for C++20 from 2.12 on.
major=$(sed -n 's/^#define TORCH_VERSION_MAJOR \([0-9]*\).*/\1/p' "$version_header")
minor=$(sed -n 's/^#define TORCH_VERSION_MINOR \([0-9]*\).*/\1/p' "$version_header")
if [ "${major:-1}" -ge 2 ] && [ "${minor:-0}" -ge 9 ]; then flags[0]=-std=c++20; fi

stamp="$("$cxx" --version | head -n 1) ${flags[*]} ${include[*]} ${link[*]} $major.$minor"
[ "$(cat "$out/stamp" 2>/dev/null || true)" = "$stamp" ] || { rm -f "$out"/*.o "$out/libstudio_native.so"; }

for source in "$here"/*.cpp; do
  name=$(basename "$source" .cpp)
  object=$out/$name.o
  # A source's own headers carry its name in front.
  if [ -f "$object" ] && [ -z "$(find "$here" -name "$name*" -newer "$object" -print -quit)" ]; then continue; fi
  case "$source" in
    *kernels*) "$cxx" -O3 "${flags[@]}" -Wall -Wextra -c "$source" -o "$object.tmp" ;; # no libtorch header
    *) "$cxx" -O2 "${flags[@]}" "${include[@]}" -Wall -c "$source" -o "$object.tmp" ;;
  esac
  mv "$object.tmp" "$object"
  rm -f "$out/libstudio_native.so"
done
if [ ! -f "$out/libstudio_native.so" ]; then
  "$cxx" -shared -fopenmp -o "$out/libstudio_native.so.tmp" "$out"/*.o "${link[@]}"
  mv "$out/libstudio_native.so.tmp" "$out/libstudio_native.so"
fi
printf '%s\n' "$stamp" > "$out/stamp"

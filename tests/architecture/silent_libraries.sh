#!/usr/bin/env bash
# silent_libraries.sh NM ARCHIVE...: fails if a library calls what prints or ends the process. A failed assert, an
# uncaught exception (std::terminate) and writing to a file that a caller named are no such calls.
set -euo pipefail
nm=$1
shift
printing='stdout|stderr|puts|putchar|printf|vprintf|perror|psignal|__printf_chk|__vprintf_chk'
printing+='|std::(cout|cerr|clog|wcout|wcerr|wclog)|std::ios_base::Init::Init\(\)'
ending='exit|_exit|_Exit|quick_exit|abort|raise|kill'

found=0
for archive in "$@"; do
    # "/build/libtephra_core.a:files.cpp.o:                 U fopen@GLIBC_2.2.5" becomes
    # "libtephra_core.a:files.cpp.o: fopen".
    calls=$("$nm" -A -u -C "$archive" | sed -E 's/ +[Uw] / /; s/@.*//; s/^.*\/([^/]*\.a:)/\1/' | sort -u)
    # nvcc gives every device function a host body that calls exit; the sources themselves do not.
    calls=$(grep -v '\.cu\.o: exit$' <<<"$calls" || true)
    # The child that reads a file first, and may die of it, ends itself.
    calls=$(grep -v '\.a:trial\.cpp\.o: _exit$' <<<"$calls" || true)
    if grep -E ": ($printing|$ending)\$" <<<"$calls"; then found=1; fi
done
if ((found)); then
    echo "libraries do not print and do not exit: return a Result, and let tools/ print"
    exit 1
fi

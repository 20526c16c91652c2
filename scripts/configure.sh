#!/bin/sh
# Prints make variables: the flags that this compiler knows, and those of the libraries. Says what is missing.
# shellcheck disable=SC2086 # a compiler and a flag may be several words
set -eu
cc=${CC:-cc}
missing=

command -v "${cc%% *}" >/dev/null 2>&1 || missing="$missing compiler($cc)"
if command -v pkg-config >/dev/null 2>&1; then
	for library in libevent json-c libpq libcrypto zlib; do
		pkg-config --exists "$library" || missing="$missing $library"
	done
else
	missing="$missing pkg-config"
fi
if [ -n "$missing" ]; then
	echo "Missing:$missing" >&2
	echo "\`make deps\` installs what is missing; \`make run\` and \`make test\` do so by themselves." >&2
	exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/probe.c" <<'PROBE'
#include <string.h>
int main(int argc, char **argv)
{
	char text[40];

	strncpy(text, argv[argc - 1], sizeof(text) - 1);
	return text[0] == 0;
}
PROBE

# Prints those of the given flags with which a program still compiles and links without a warning.
known() {
	for flag in "$@"; do
		if $cc -O2 -Werror $flag "$work/probe.c" -o "$work/probe" >/dev/null 2>&1; then
			printf ' %s' "$flag"
		fi
	done
}

fortify=
for level in 3 2; do
	if [ -z "$fortify" ]; then
		if $cc -O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level "$work/probe.c" -o "$work/probe" >/dev/null 2>&1; then
			fortify=" -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$level"
		fi
	fi
done
guards="$(known -fstack-protector-strong -fstack-clash-protection -fcf-protection)"
# Not under sanitizers: zeroed variables and checked calls would hide from them what they look for.
hardening="$fortify$guards$(known -ftrivial-auto-var-init=zero)"
# No recovery: what the sanitizers find is a failure, not a line in a log.
sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=all'
[ -n "$(known "$sanitizers")" ] || sanitizers=

# A malloc that takes a third of the time of glibc's, where the system has it.
allocator=
if $cc "$work/probe.c" -lmimalloc -o "$work/probe" >/dev/null 2>&1; then
	allocator=' -lmimalloc'
fi

echo "FLAGS_SHIPPED :=$hardening -fPIE"
echo "ALLOCATOR :=$allocator"
# Under sanitizers GCC warns of a null format string in every vsnprintf(NULL, 0, ...).
echo "FLAGS_SANITIZED := $sanitizers$guards -fno-omit-frame-pointer -fPIE$(known -Wno-format-truncation)"
# The analyzer takes dup2() onto 0, 1 and 2 for a leak.
echo "FLAGS_ANALYZER :=$(known '-fanalyzer -Wno-analyzer-fd-leak')"
echo "LDFLAGS_ALL := -pie$(known -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed) \$(LDFLAGS)"
echo "PKG_CFLAGS := $(pkg-config --cflags libevent json-c libpq libcrypto zlib)"
echo "PKG_LIBS := $(pkg-config --libs libevent json-c libpq libcrypto zlib)"

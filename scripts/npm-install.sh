#!/bin/sh
# Installs the packages of a lock file into a folder: npm-install.sh FOLDER_WITH_LOCK INTO. Tries again when the network fails.
set -eu
from=$1
into=$2

if ! command -v npm >/dev/null 2>&1; then
	echo "Missing: npm (\`make deps\` installs it)" >&2
	exit 1
fi
mkdir -p "$into"
cp "$from/package.json" "$from/package-lock.json" "$into/"
cd "$into"
tries=0
until npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; do
	tries=$((tries + 1))
	if [ "$tries" -ge 4 ]; then
		echo "npm ci failed $tries times in $into; is the network there?" >&2
		exit 1
	fi
	sleep $((tries * 3))
done

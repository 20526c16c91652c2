#!/bin/sh
# Replaces the replicas of docker-compose.yml by ones of the present image and settings, without a failed request:
# starts as many new ones, waits until they are healthy, then stops the old ones one by one.
#   docker compose build && deploy/replace.sh
set -eu
cd "$(dirname "$0")/.."
old=$(docker compose ps -q service)
count=$(printf '%s\n' "$old" | grep -c .) || {
	echo "No replica runs; \`docker compose up -d --wait\` starts them." >&2
	exit 1
}

# Each migration leaves the replicas of the version before able to work, so it comes first. Without what it depends on:
# a changed setting of PostgreSQL would make that container anew.
docker compose run --rm --no-deps migrate
if ! docker compose up -d --wait --wait-timeout 120 --no-deps --no-recreate --scale "service=$((count * 2))" service
then
	echo "The new replicas are not healthy; the old ones go on serving." >&2
	for container in $(docker compose ps -q --all service); do
		case $old in
		*"$container"*) ;;
		*) docker rm --force "$container" >/dev/null ;;
		esac
	done
	exit 1
fi
for container in $old; do
	docker stop "$container" >/dev/null
	docker rm "$container" >/dev/null
	echo "replaced $container"
done

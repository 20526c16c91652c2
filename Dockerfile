# Two images from one file:
#   docker build -t lead-distribution-crm .                   the service with a PostgreSQL of its own (the default)
#   docker build -t leadd-service --target service .          the service alone, for a database elsewhere
# Everything comes from Debian but the browser libraries, which src/console/package-lock.json pins.
# To move to a newer base: the tag's date and its digest (of the index of all platforms), together.
ARG DEBIAN=debian:bookworm-20261005-slim@sha256:7c7b2c966bc9ee8cedfeef67e0e279108992c77681fa595db4a9d65c06ccc587

# -- the browser libraries; only a new lock file makes this stage run again --------------------------------
FROM ${DEBIAN} AS packages
RUN apt-get update \
	&& apt-get install -y --no-install-recommends ca-certificates npm \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY src/console/package.json src/console/package-lock.json src/console/
COPY scripts/npm-install.sh scripts/notices.mjs scripts/
RUN scripts/npm-install.sh src/console build/npm \
	&& node scripts/notices.mjs build/npm build/npm/third-party-notices.txt

# -- the program -------------------------------------------------------------------------------------------
FROM ${DEBIAN} AS build
RUN apt-get update \
	&& apt-get install -y --no-install-recommends gcc libc6-dev libevent-dev libjson-c-dev libmimalloc-dev libpq-dev \
		libssl-dev make pkg-config zlib1g-dev \
	&& rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Makefile ./
COPY scripts/configure.sh scripts/npm-install.sh scripts/notices.mjs scripts/
COPY --from=packages /source/build/npm build/npm
COPY sql sql
COPY include include
COPY src src
# The libraries are there already: their stamps have to be newer than the files they were made of.
RUN touch build/npm/stamp build/npm/third-party-notices.txt \
	&& make build/leadd \
	&& strip --strip-debug build/leadd

# -- what both images share --------------------------------------------------------------------------------
FROM ${DEBIAN} AS runtime
# Older builds of libevent let requests be smuggled; without the security archive this would be one of them.
RUN apt-get update \
	&& apt-get install -y --no-install-recommends libevent-2.1-7 libjson-c5 libmimalloc2.0 libpq5 libssl3 zlib1g \
	&& rm -rf /var/lib/apt/lists/* \
	&& dpkg --compare-versions "$(dpkg-query -W -f '${Version}' libevent-2.1-7)" ge 2.1.12-stable-8+deb12u1 \
	&& useradd --uid 10001 --user-group --no-log-init --home-dir /var/lib/leadd --shell /usr/sbin/nologin leadd
COPY LICENSE /usr/share/doc/leadd/
# All addresses of the container; AUTH says who may use them: everybody with the database of the default image, bearers of
# keys with DATABASE_URL.
ENV HOST=0.0.0.0 PORT=8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["leadd", "health"]
ENTRYPOINT ["leadd"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="leadd" \
	org.opencontainers.image.description="Hands each incoming contact to one operator" \
	org.opencontainers.image.licenses="MIT" \
	org.opencontainers.image.version="${VERSION}" \
	org.opencontainers.image.revision="${REVISION}"

# -- docker build --target service: needs DATABASE_URL -----------------------------------------------------
FROM runtime AS service
COPY --from=build /source/build/leadd /usr/local/bin/leadd
USER 10001:10001

# -- the default: runs its own PostgreSQL, whose data are in the volume ------------------------------------
FROM runtime AS runtime-postgres
# Left out of the packages: the compiler of queries (jit is off here; PostgreSQL does without when it is missing), and
# a cluster that nobody asked for.
RUN printf 'path-exclude=%s\n' '/usr/lib/*/libLLVM-14.so*' '/usr/lib/*/libz3.so*' '/usr/lib/postgresql/*/lib/bitcode/*' \
		'/usr/lib/postgresql/*/lib/llvmjit.so' >/etc/dpkg/dpkg.cfg.d/leadd \
	&& mkdir -p /etc/postgresql-common/createcluster.d \
	&& echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/leadd.conf \
	&& apt-get update \
	&& apt-get install -y --no-install-recommends postgresql-15 \
	&& rm -rf /var/lib/apt/lists/* /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem \
	&& install -d -m 700 -o leadd -g leadd /var/lib/leadd

FROM runtime-postgres
COPY --from=build /source/build/leadd /usr/local/bin/leadd
# PG*: so that `docker exec -it NAME psql` is in the right database at once. The folder's name follows from user and data.
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	DATA_DIR=/var/lib/leadd/postgres \
	PGHOST=/tmp/leadd-10001-8a951264 PGUSER=leadd PGDATABASE=leadd
VOLUME /var/lib/leadd
USER 10001:10001

#!/bin/sh
# Run once by the image of PostgreSQL, when its data are new: the role that owns the database and everything in it.
# It is no superuser. It may make roles, because the migrations make one for reporting. The superuser, for whom the image
# has set the same password, gets in without one inside the container, and from elsewhere not at all.
set -eu
psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
\getenv superuser POSTGRES_USER
create role leadd login createrole password :'password';
create database leadd owner leadd;
alter role :"superuser" password null;
SQL

#!/bin/sh
# Makes or updates the tables of Temporal's two databases; doing it again changes nothing. The databases and the user are made by MySQL's
# first start (deploy/mysql/init).
set -eu

for pair in "$DBNAME:temporal" "$VISIBILITY_DBNAME:visibility"; do
  export SQL_DATABASE="${pair%%:*}"
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "mysql/v8/${pair##*:}"
done

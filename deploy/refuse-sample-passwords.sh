#!/bin/sh
# refuse-sample-passwords.sh VARIABLE… -- COMMAND…
#
# Starts the command unless one of the variables is empty or a sample value of .env.example: nothing may run, not even on 127.0.0.1, with
# a password that everybody can read. Before the first start, because a database keeps the password it was made with.
set -eu

while [ "$1" != -- ]; do
  eval "password=\${$1:-}"
  case $password in
    '' | change-me*)
      echo "$1 is not set or the sample value of .env.example: run 'npm run stack -- env', which writes .env with passwords of its own" >&2
      exit 1
      ;;
    *[!A-Za-z0-9_-]*)
      echo "$1 may hold letters, digits, _ and - only" >&2
      exit 1
      ;;
  esac
  shift
done
shift
exec "$@"

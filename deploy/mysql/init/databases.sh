#!/bin/bash
# Run by MySQL's image at the first start of an empty volume: a database and a user for Riskflow, two and one for Temporal. Each may do
# anything in its own databases and nothing elsewhere. refuse-sample-passwords.sh has seen that the passwords need no escaping.
set -eu

MYSQL_PWD=$MYSQL_ROOT_PASSWORD mysql --user=root --protocol=socket <<SQL
CREATE DATABASE riskflow CHARACTER SET utf8mb4;
CREATE USER riskflow@'%' IDENTIFIED BY '$RISKFLOW_MYSQL_PASSWORD';
GRANT ALL ON riskflow.* TO riskflow@'%';
CREATE DATABASE temporal CHARACTER SET utf8mb4;
CREATE DATABASE temporal_visibility CHARACTER SET utf8mb4;
CREATE USER temporal@'%' IDENTIFIED BY '$TEMPORAL_MYSQL_PASSWORD';
GRANT ALL ON temporal.* TO temporal@'%';
GRANT ALL ON temporal_visibility.* TO temporal@'%';
SQL

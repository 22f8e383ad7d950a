#!/bin/bash
# A session with tables, a transaction that is rolled back, COPY both ways, a prepared statement, errors, the
# catalogue; then a pool of ten connections.
. "$(dirname "$0")/../../stage.sh"
use postgresql
postgresql_data
postgresql_serve 5432
postgresql_sql "CREATE USER web PASSWORD 'secret'" 'CREATE DATABASE shop OWNER web'
cat >"$work/session.sql" <<'END'
CREATE TABLE items (id serial PRIMARY KEY, name text, price numeric);
INSERT INTO items (name, price) SELECT 'item ' || i, i * 1.5 FROM generate_series(1, 50) i;
BEGIN;
UPDATE items SET price = price * 2 WHERE id < 10;
SELECT count(*) FROM items WHERE name LIKE '%1%' OR 1 = 1;
ROLLBACK;
PREPARE cheap (numeric) AS SELECT id, name FROM items WHERE price < $1 ORDER BY price LIMIT 5;
EXECUTE cheap(10);
EXECUTE cheap(20);
SELECT name FROM items UNION SELECT 'O''Brien' ORDER BY 1 LIMIT 3; -- a comment
SELECT * FROM none;
COPY items TO STDOUT;
COPY items (name, price) FROM STDIN;
pen	2
paper	3
\.
\d items
\dt
SELECT pg_sleep(0.1);
DROP TABLE items;
END
capture
export PGPASSWORD=secret PGSSLMODE=disable
on_client psql -qh "$server_ip" -U web shop -f "$work/session.sql" >/dev/null 2>&1
for i in $(seq 10); do on_client psql -qh "$server_ip" -U web shop -c "SELECT $i" >/dev/null; done
finish

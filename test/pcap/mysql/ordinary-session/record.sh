#!/bin/bash
# A session with tables, a join, an error and a transaction; then a pool of ten connections.
. "$(dirname "$0")/../../stage.sh"
use mariadb
mariadb_serve 3306
mariadb_sql "CREATE DATABASE shop; CREATE USER web@'%' IDENTIFIED BY 'secret'; GRANT ALL ON shop.* TO web@'%'"
cat >"$work/session.sql" <<'END'
CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50), price DECIMAL(10, 2));
INSERT INTO items (name, price) VALUES ('pen', 2), ('paper', 3), ('O\'Brien\'s book', 20);
SELECT a.name, b.name FROM items a JOIN items b ON a.id < b.id WHERE a.price > 1 OR 1 = 1;
SELECT name FROM items UNION SELECT 'none' -- a comment
;
SELECT * FROM none;
START TRANSACTION;
UPDATE items SET price = price * 2;
ROLLBACK;
SHOW TABLES;
DESCRIBE items;
SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = 'shop';
SELECT SLEEP(0.1);
DROP TABLE items;
END
capture
client=(mariadb --no-defaults -h "$server_ip" -u web -psecret shop)
on_client "${client[@]}" -f <"$work/session.sql" >/dev/null 2>&1 || true
for i in $(seq 10); do on_client "${client[@]}" -e "SELECT $i" >/dev/null; done
finish

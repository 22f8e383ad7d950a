#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

namespace {

/** As scanners and people write them: boolean, union, error, time, stacked; for numbers and both quotes. */
const char* const attacks[] = {
    "' OR '1'='1",
    "' or 1=1--",
    "' or 1=1#",
    "' or 1=1/*",
    "') or ('1'='1",
    "')) or (('a'='a",
    "\" OR \"\"=\"",
    "\" or 1=1-- -",
    "1 or 1=1",
    "1) OR (1=1",
    "1)) OR 1=1-- ",
    "admin'--",
    "admin' -- ",
    "admin'#",
    "admin'/*",
    "admin') -- -",
    "admin' or '1'='1'/*",
    "1' AND 1=1-- -",
    "1' AND 4821=4821 AND 'xYz'='xYz",
    "1 AND 1=2",
    "1 AND 5321=7234",
    "1) AND 3211=3211 AND (9911=9911",
    "' || '1'='1",
    "' && 1=1#",
    "1 || 1=1",
    "' OR 'x'='x';",
    "' OR username LIKE '%admin%",
    "' or id>0--",
    "' OR 1 -- -",
    "' or true--",
    "x' OR 'a' BETWEEN 'a' AND 'z",
    "'/**/OR/**/1=1--",
    "'%20oR%201%3d1--",
    "1'/*!50000OR*/1=1#",
    "%27%20or%20%271%27%3D%271",
    "' UNION SELECT NULL,NULL#",
    "-1 UNION SELECT 1,2,3",
    "1 UNION ALL SELECT NULL,NULL,CONCAT(0x716a,version())-- -",
    "-1' UNION SELECT username,password FROM users-- -",
    "1 UNION/**/SELECT/**/password/**/FROM/**/users",
    "1 uNiOn(SeLeCt(1),2)",
    "0 union distinct select table_name from information_schema.tables",
    "1e0UNION SELECT 1,2",
    "' union all select @@version,2--",
    "1') UNION SELECT 1,(SELECT password FROM users LIMIT 1)-- ",
    "1' ORDER BY 3--",
    "1 ORDER BY 10-- -",
    "1' GROUP BY 1,2--",
    "1' HAVING 1=1--",
    "1 AND EXTRACTVALUE(1,CONCAT(0x7e,version()))",
    "' AND UPDATEXML(1,CONCAT(0x7e,(SELECT user())),1)-- -",
    "1 AND (SELECT 1 FROM(SELECT COUNT(*),CONCAT(version(),FLOOR(RAND(0)*2))x FROM a.tables GROUP BY x)a)",
    "1 AND 1=CONVERT(int,(SELECT @@version))",
    "1' AND ASCII(SUBSTRING((SELECT password FROM users LIMIT 1),1,1))>64-- -",
    "1 AND LENGTH(database())=8",
    "' AND EXISTS(SELECT * FROM users)--",
    "1 AND SLEEP(5)",
    "1' AND SLEEP(5) AND 'a'='a",
    "1-SLEEP(5)",
    "'+(select*from(select(sleep(20)))a)+'",
    "1 AND BENCHMARK(5000000,MD5('A'))",
    "if(now()=sysdate(),sleep(15),0)",
    "(select(0)from(select(sleep(15)))v)",
    "1; WAITFOR DELAY '0:0:5'--",
    "1 WAITFOR DELAY '0:0:5'",
    "1'; SELECT pg_sleep(5)--",
    "1 || pg_sleep(10)",
    "1 AND DBMS_PIPE.RECEIVE_MESSAGE('a',5)=1",
    "'||(SELECT UTL_INADDR.GET_HOST_ADDRESS('a.example') FROM dual)||'",
    "'; DROP TABLE users; --",
    "Robert'); DROP TABLE Students;--",
    "1; DROP TABLE users",
    "1'; EXEC xp_cmdshell('dir')--",
    "1; exec master..xp_cmdshell 'ping a.example'--",
    "1'; INSERT INTO users VALUES (1,'a','b')--",
    "1; UPDATE users SET role=1 WHERE name='me'",
    "1'; DELETE FROM log WHERE 1=1--",
    "1' INTO OUTFILE '/var/www/x.php'-- ",
    "1' LIMIT 1 INTO OUTFILE '/tmp/x'#",
    "1 PROCEDURE ANALYSE(EXTRACTVALUE(1,1),1)",
    "1 RLIKE (SELECT (CASE WHEN (1=1) THEN 1 ELSE 0x28 END))",
    "1' RLIKE SLEEP(5)-- -",
    "1 AND CASE WHEN 1=1 THEN 1 ELSE 0 END",
    "', (SELECT password FROM users))-- ",
    "1' OR 1 IN (SELECT 1)-- ",
    "x' AND 1=(SELECT COUNT(*) FROM tabname); --",
    "10;DECLARE @q varchar(99) SET @q=0x31 EXEC(@q)--",
    "' or(1)=(1)#",
    "1' XOR(IF(NOW()=SYSDATE(),SLEEP(6),0))XOR'Z",
};

/** What people and programs send and what only looks like SQL. */
const char* const innocents[] = {
    "O'Reilly and sons",
    "D'Angelo or O'Brien",
    "rock 'n' roll",
    "it's 5 o'clock or 6 o'clock",
    "select a union member",
    "the union select committee",
    "credit union select 5 options",
    "western union select members from ohio",
    "student union; drop in table tennis",
    "1=1 is true",
    "2 and 2 = 4",
    "1 or 2",
    "5' or 6'",
    "5\" or 6\" pipes",
    "3/4\" x 1/2\" -- steel",
    "1 and 2 and 3",
    "order by 3 pm",
    "10 order by phone",
    "insert into the slot; update your set",
    "drop table lamp",
    "how do I drop table users in mysql",
    "SELECT * FROM users WHERE id = 1",
    "select name from users where id = 5 or id = 6",
    "SELECT a, b FROM t UNION SELECT c, d FROM u",
    "what does ' or 1 mean",
    "union select",
    "sql injection union select tutorial",
    "sleep(5)",
    "time.sleep(5)",
    "sleep and benchmark",
    "project = VM AND status = \"Open\" ORDER BY created",
    "status = 1 or type = 2",
    "name eq 'Milk' and price lt 2.55",
    "age>18 and name='x'",
    "assignee = 'bob' AND status = 'Done'",
    "\"exact phrase\" OR \"other phrase\"",
    "title:(foo OR bar) AND year:[2000 TO 2010]",
    "c++ and c#",
    "C# or F#",
    "a--b",
    "well -- that is it",
    "the boys' -- and the girls'",
    "# heading\n\n- item -- text\n- it's 'quoted' or \"so\"",
    "```sql\nSELECT 1;\n```\nIt's what the server runs; don't drop it.",
    "{\"a\":\"it's\",\"b\":[1,2,3]}",
    "dGhpcyBpcyBhIHRlc3Q9PQ==",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "a[href='#']",
    "div > p:nth-child(2), .x--y",
    "x = 1; y = 2; // and so on",
    "if (a == 1 || b == 2) { return 'x'; }",
    "for (i = 0; i < 10; i++) sum += i;",
    "1,2,3;4,5,6",
    "AND OR NOT",
    "black & white || grey",
    "50% off or 2 for 1!",
    "2024-01-01 and 2024-12-31",
    "192.0.2.1 or 192.0.2.2",
    "user@example.org; other@example.org",
    "Smith; Jones & sons",
    "like 'a' rolling stone",
    "y'all's and ours",
    "'tis the season",
    "McDonald's; Wendy's",
    "price between 1 and 2",
    "(1+2)*3 = 9",
    "f(x) = 2*x + 1",
    "count(*) over all",
    "group by team having fun",
    "limit 5 into the box",
    "null and void",
    "true or false",
    "to be or not to be = question",
    "https://a.example/?q=it's&x=1#top",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0",
};

}  // namespace

TEST_CASE("sql-injection: attacks are raised in queries and forms, whatever border they are cut at") {
  for (const char* attack : attacks) {
    check_raised("sql-injection", "http", {{true, get_with(attack)}});
    CHECK_MESSAGE(alarms("sql-injection", "http", {{true, post_with(attack)}}) > 0, attack);
  }
}

TEST_CASE("sql-injection: in cookies, JSON, the path and stored header fields") {
  const auto raised = [](const std::string& request) {
    return alarms("sql-injection", "http", {{true, request}}) > 0;
  };
  CHECK(raised("GET / HTTP/1.1\r\nCookie: a=b; id=1' OR '1'='1\r\n\r\n"));
  CHECK(raised("GET /item/1%20or%201=1 HTTP/1.1\r\n\r\n"));
  CHECK(raised("GET / HTTP/1.1\r\nUser-Agent: x' AND SLEEP(5)-- \r\n\r\n"));
  const std::string json = "{\"user\":\"admin' -- \",\"pass\":\"x\"}";
  CHECK(raised("POST /login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(json.size()) + "\r\n\r\n" + json));
  CHECK(raised("GET /?id=1%2527%2520or%25201%253D1-- HTTP/1.1\r\n\r\n"));  // encoded twice
}

TEST_CASE("sql-injection: what looks alike is silent, and so are all other threats") {
  for (const char* innocent : innocents) {
    check_silent("http", {{true, get_with(innocent)}});
    check_silent("http", {{true, post_with(innocent)}});
  }
}

}  // namespace vmoat

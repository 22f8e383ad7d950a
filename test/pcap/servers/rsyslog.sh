# rsyslog that takes messages by UDP and TCP on port 514. Gives rsyslog_serve.
needs rsyslog bsdutils

rsyslog_serve() {
  cat >"$work/rsyslog.conf" <<END
global(workDirectory="$work")
module(load="imudp")
module(load="imtcp")
input(type="imudp" port="514")
input(type="imtcp" port="514")
*.* $work/messages
END
  serve rsyslogd -n -f "$work/rsyslog.conf" -i "$work/pid"
  wait_for 514
}

# ActiveMQ with OpenWire (61616) and STOMP (61613). Gives activemq_serve; activemq CMD… is its own client
# (Debian's has a consumer, but no producer).
needs activemq default-jre-headless

activemq_java=(java -Xmx256m -Dactivemq.data="$work" -cp '/usr/share/activemq/lib/*:/usr/share/activemq/lib/optional/*:/usr/share/java/*')

activemq_serve() {
  serve "${activemq_java[@]}" org.apache.activemq.console.Main start \
    "broker:(tcp://$server_ip:61616,stomp://$server_ip:61613)?persistent=false&useJmx=false"
  wait_for 61616
}

activemq() { on_client "${activemq_java[@]}" org.apache.activemq.console.Main "$@"; }

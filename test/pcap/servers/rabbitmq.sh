# RabbitMQ with AMQP 0-9-1 (5672), AMQP 1.0 and STOMP (61613); guest may come from anywhere. Gives rabbitmq_serve.
needs rabbitmq-server

rabbitmq_serve() {
  mkdir "$work/home"
  printf 'loopback_users = none\nlisteners.tcp.1 = %s:5672\nstomp.listeners.tcp.1 = %s:61613\n' "$server_ip" "$server_ip" >"$work/rabbitmq.conf"
  echo '[rabbitmq_stomp, rabbitmq_amqp1_0].' >"$work/plugins"
  serve env HOME="$work/home" RABBITMQ_NODENAME=moat@localhost RABBITMQ_CONFIG_FILE="$work/rabbitmq.conf" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$work/plugins" RABBITMQ_MNESIA_BASE="$work/mnesia" RABBITMQ_LOG_BASE="$work" \
    RABBITMQ_PID_FILE="$work/pid" RABBITMQ_LOGS=- sh -c 'exec /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server'
  wait_for 5672
}

#!/bin/bash
# Five sensors report every second for a while; a subscriber listens; a keep-alive goes by.
. "$(dirname "$0")/../../stage.sh"
needs mosquitto mosquitto-clients
printf 'listener 1883\nallow_anonymous true\nuser root\n' >"$work/mosquitto.conf"
serve mosquitto -c "$work/mosquitto.conf"
wait_for 1883
capture
run_client timeout 11 mosquitto_sub -h "$server_ip" -k 5 -i watcher -t 'rooms/#'
watcher=$client_pid
for i in 1 2 3 4 5; do
  run_client mosquitto_pub -h "$server_ip" -i "sensor-$i" -t "rooms/$i" --repeat 8 --repeat-delay 1 -m "{\"t\":2$i}"
done
wait "$watcher" || true
finish

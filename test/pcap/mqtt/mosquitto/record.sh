#!/bin/bash
# A subscriber (3.1.1) and publishers of 3.1, 3.1.1 and 5, one with user and password.
. "$(dirname "$0")/../../stage.sh"
needs mosquitto mosquitto-clients
printf 'listener 1883\nallow_anonymous true\nuser root\n' >"$work/mosquitto.conf"
serve mosquitto -c "$work/mosquitto.conf"
wait_for 1883
capture
run_client mosquitto_sub -h "$server_ip" -i watcher -t 'rooms/#' -C 3
sleep 0.5
on_client mosquitto_pub -h "$server_ip" -V mqttv31 -i old -t rooms/1 -m 20
on_client mosquitto_pub -h "$server_ip" -V mqttv311 -i sensor-2 -u bob -P secret -q 1 -t rooms/2 -m 21
on_client mosquitto_pub -h "$server_ip" -V mqttv5 -i sensor-3 -q 2 -t rooms/3 -m 22
wait "$client_pid"
finish

#!/bin/bash
# etcdctl writes and reads keys, watches one and lists the members, by gRPC.
. "$(dirname "$0")/../../stage.sh"
use etcd
etcd_serve
capture
on_client etcdctl put /moat/a 1 >/dev/null
on_client etcdctl get /moat/ --prefix >/dev/null
on_client etcdctl member list >/dev/null
run_client timeout 2 etcdctl watch /moat/a
sleep 0.7
on_client etcdctl put /moat/a 2 >/dev/null
wait "$client_pid" || true
finish

# One member of etcd on port 2379. Gives etcd_serve [OPTION]…; etcdctl finds it by the environment.
needs etcd-server etcd-client

etcd_serve() {
  export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=http://$server_ip:2379
  serve etcd --data-dir "$work/data" --listen-client-urls "http://$server_ip:2379" \
    --advertise-client-urls "http://$server_ip:2379" --listen-peer-urls http://127.0.0.1:2380 "$@"
  wait_until on_client etcdctl endpoint health
}

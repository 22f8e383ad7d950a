# nginx with one site below $work/www. Gives nginx_serve LISTEN [DIRECTIVE]….
needs nginx-light curl

nginx_serve() { # LISTEN, as after `listen`, with TLS where it says so; DIRECTIVEs of the site
  local listen=$1 tls=
  shift
  [[ $listen = *ssl* ]] && tls="ssl_certificate $work/cert; ssl_certificate_key $work/key;"
  mkdir "$work/www"
  cat >"$work/nginx.conf" <<END
user root;
daemon off;
pid $work/pid;
error_log stderr;
events {}
http {
  access_log off;
  include /etc/nginx/mime.types;
  server {
    listen $listen;
    $tls
    root $work/www;
    $*
  }
}
END
  serve nginx -p "$work" -c "$work/nginx.conf"
  wait_for "${listen%% *}"
}

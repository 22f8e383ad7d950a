# Apache with one site below $work/www on port 80. Gives apache_serve DIRECTIVE….
needs apache2-bin curl

apache_serve() {
  local modules=/usr/lib/apache2/modules
  mkdir -p "$work/www"
  echo '<p>hello</p>' >"$work/www/index.html"
  cat >"$work/apache.conf" <<END
ServerRoot $work
ServerName www.example.org
PidFile $work/pid
DefaultRuntimeDir $work
ErrorLog $work/error
User www-data
Group www-data
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule dir_module $modules/mod_dir.so
LoadModule mime_module $modules/mod_mime.so
LoadModule alias_module $modules/mod_alias.so
LoadModule http2_module $modules/mod_http2.so
TypesConfig /etc/mime.types
Listen 80
DocumentRoot $work/www
$(printf '%s\n' "$@")
END
  serve apache2 -f "$work/apache.conf" -DFOREGROUND
  wait_for 80
}

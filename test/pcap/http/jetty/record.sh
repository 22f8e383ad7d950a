#!/bin/bash
# Jetty without an application: a page that is not there.
. "$(dirname "$0")/../../stage.sh"
needs libjetty9-java default-jre-headless curl
cat >"$work/jetty.xml" <<END
<?xml version="1.0"?>
<!DOCTYPE Configure PUBLIC "-//Jetty//Configure//EN" "https://www.eclipse.org/jetty/configure_9_3.dtd">
<Configure id="Server" class="org.eclipse.jetty.server.Server">
  <Arg type="int">8080</Arg>
  <Call name="start"/>
</Configure>
END
serve java -cp '/usr/share/java/*' org.eclipse.jetty.xml.XmlConfiguration "$work/jetty.xml"
wait_for 8080
capture
on_client curl -s "http://$server_ip:8080/" -o /dev/null
finish

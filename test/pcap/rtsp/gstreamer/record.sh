#!/bin/bash
# A stream of audio played by UDP (RTP, RTCP), then within the RTSP connection itself.
. "$(dirname "$0")/../../stage.sh"
needs gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
cat >"$work/server.py" <<'END'
import sys
import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch('( audiotestsrc wave=silence ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay0 pt=8 max-ptime=80000000 min-ptime=80000000 )')
server.get_mount_points().add_factory('/tone', factory)
server.attach(None)
GLib.MainLoop().run()
END
serve /usr/bin/python3 "$work/server.py" "$server_ip"
wait_for 8554
capture
for protocol in udp tcp; do
  on_client timeout -s INT 2 gst-launch-1.0 -eq rtspsrc location="rtsp://$server_ip:8554/tone" protocols=$protocol ! fakesink >/dev/null 2>&1 || true
done
finish

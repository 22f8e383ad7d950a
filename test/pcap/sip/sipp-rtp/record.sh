#!/bin/bash
# A call whose SDP names the ports of a voice stream (RTP), which then runs.
. "$(dirname "$0")/../../stage.sh"
needs sip-tester python3
mkdir "$work/pcap"
cd "$work"
# SIPp sends the RTP that it finds in a capture: 20 packets of silence (PCMA, 20 ms each).
python3 - <<'END'
import struct
for name, kind in (('g711a', 8), ('dtmf_2833_1', 101)):
    with open(f'pcap/{name}.pcap', 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(20):
            voice = struct.pack('>BBHII', 0x80, kind, i, i * 160, 0x1234) + (b'\xd5' * 160 if kind == 8 else b'\1\x8a\0\xa0')
            udp = struct.pack('>HHHH', 6000, 6002, 8 + len(voice), 0) + voice
            ip = struct.pack('>BBHHHBBH4s4s', 69, 0, 20 + len(udp), i, 0, 64, 17, 0, b'\x7f\0\0\1', b'\x7f\0\0\1') + udp
            frame = bytes(12) + b'\x08\0' + ip
            file.write(struct.pack('<IIII', 0, i * 20000, len(frame), len(frame)) + frame)
END
serve sipp -sn uas -i "$server_ip" -p 5060 -rtp_echo -nostdin
wait_for_udp 5060
capture
on_client sipp "$server_ip:5060" -i "$client_ip" -m 1 -d 500 -nostdin -timeout 20 -sn uac_pcap -s bob -p 5070 >/dev/null 2>&1
finish

// Small windows: a client lets a server send next to nothing, to hold its memory (Sockstress, slow read).
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"sessions", "connections", 10, 1, 100000,
     "of one client to one server whose handshake offers less than 16 bytes, in 60 s"},
    {"per-second", "segments", 2000, 10, 100000000,
     "acknowledgements with a window of 1 to 15 at one NIC and way, per second"}};

constexpr uint16_t window_min = 16;

void packet(const PacketEvent& event, Alarm& alarm) {
  const bool reset = (event.packet.tcp_flags & tcp_rst) != 0;
  if (!event.from_client || reset || event.packet.window >= window_min) return;
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src, .b = s.dst}, 60);
  if (++t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " handshakes with windows below 16 bytes, the last of "
                         << event.packet.window);
}

void second(const NicSecond& nic, Alarm& alarm) {
  const uint64_t seen = nic.per_second(VMOAT_METER_SMALL_WINDOW);
  if (seen >= alarm.threshold(1))
    alarm.raise(Evidence() << seen << " segments a second with windows of 1 to 15");
}

}  // namespace

extern const Threat small_window_threat;
const Threat small_window_threat = {
    .name = "small-window",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "a client offers windows so small that a server has to keep what it would send",
    .evidence = "handshakes with such windows, or segments per second",
    .live =
        "handshakes within the NIC's budget of events; of running connections the kernel's meter of every "
        "segment",
    .thresholds = thresholds,
    .packets = packet_syn | packet_ack,
    .packet = packet,
    .second = second,
};

}  // namespace vmoat

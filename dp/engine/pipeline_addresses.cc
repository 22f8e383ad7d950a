// The pipeline learns who owns which address: ARP, NDP, DHCP leases, and the MAC that a NIC's own traffic
// bears.
#include "engine/pipeline_impl.h"

namespace vmoat {

void Pipeline::Impl::learn_one(Lesson& lesson, const Frame& frame) {
  lesson.segment = frame.segment;
  if (frame.way == VMOAT_FROM_NIC) lesson.slot = frame.slot;
  const Learned learned = addresses_.learn(lesson, frame.time_ns);
  if (learned == Learned::refused) counters_.addresses_refused++;
  if (learned != Learned::known) learn_owner(lesson, frame.time_ns);
}

void Pipeline::Impl::recall(const Lesson& lesson, int64_t now_ns) {
  if (options_.addresses_max == 0) return;
  if (addresses_.learn(lesson, now_ns) == Learned::refused) counters_.addresses_refused++;
}

void Pipeline::Impl::learn(const Packet& p, const Frame& frame) {
  judge_neighbour(p, frame);
  if (options_.addresses_max == 0) return;
  Lesson lesson;
  if (lesson_of_arp(p, lesson)) learn_one(lesson, frame);
}

/** A new session's first packet. Behind a NIC the MAC is the guest's own; elsewhere it may be a router's. */
void Pipeline::Impl::learn_sender(const Packet& p, const Frame& frame) {
  if (options_.addresses_max == 0) return;
  Lesson lesson;
  if (lesson_of_ndp(p, lesson)) return learn_one(lesson, frame);
  const bool own =
      frame.slot != no_slot && frame.way == VMOAT_FROM_NIC && p.has_macs && p.proto != IPPROTO_ICMPV6;
  if (!own) return;
  lesson.address = p.src;
  lesson.mac = p.src_mac;
  lesson.source = AddressSource::traffic;
  learn_one(lesson, frame);
}

void Pipeline::Impl::learn_leases(uint32_t segment, int64_t now_ns) {
  auto& leases = recognition_.leases();
  if (options_.addresses_max != 0) {
    for (const Lease& l : leases) {
      const Lesson lesson = {
          .address = l.ip, .mac = l.mac, .segment = segment, .source = AddressSource::dhcp};
      if (addresses_.learn(lesson, now_ns) == Learned::refused) counters_.addresses_refused++;
      learn_lease_owner(lesson, now_ns);
    }
  }
  leases.clear();
}

}  // namespace vmoat

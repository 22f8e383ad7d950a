// Frames in every shape that might slip past a guard: what no rule allows never arrives, whatever it looks
// like, and is counted under its reason; the same shapes arrive where a rule allows them.
#include "engine/bypass_oddities.h"
#include "engine/bypass_rig.h"
#include "engine/bypass_shapes.h"

namespace vmoat::test {
namespace {

/** What legitimate traffic may look like. */
const Shape allowed[] = {
    {"a datagram", both, none, [](const Talk& t) -> Frames { return {t.udp_frame(open_port)}; }},
    {"a connection", both, none,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(proto_tcp, t.segment(open_port, syn)))}; }},
    {"in the middle of a connection", both, none,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_tcp, t.segment(open_port, ack | psh, 1000, t.mark())))};
     }},
    {"an echo request", both, none,
     [](const Talk& t) -> Frames { return {t.frame(t.ip(t.icmp(), t.echo(4)))}; }},
    {"a fragmented datagram", both, none,
     [](const Talk& t) { return t.pieces(proto_udp, t.datagram(open_port, 6), {16, 32}); }},
    {"its later fragments first", both, none,
     [](const Talk& t) { return reversed(t.pieces(proto_udp, t.datagram(open_port, 6), {16, 32})); }},
    {"a fragmented segment", both, none,
     [](const Talk& t) {
       return t.pieces(proto_tcp, t.segment(open_port, ack | psh, 1000, text("1234") + t.marks(8)), {32, 64});
     }},
    {"a large echo request in fragments", both, none,
     [](const Talk& t) { return t.pieces(t.icmp(), t.echo(500), {1400, 2800}); }},
    {"an atomic fragment", ip6, none,
     [](const Talk& t) -> Frames { return {t.frame(t.piece(proto_udp, t.datagram(open_port), 0, false))}; }},
    {"a priority tag", both, none,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {0xe000}, open_port)}; }},
    {"hop-by-hop options", ip6, none, [](const Talk& t) { return behind(t, hop_by_hop, open_port); }},
    {"destination options", ip6, none, [](const Talk& t) { return behind(t, destination, open_port); }},
    {"options", ip4, none, [](const Talk& t) { return with_options(t, "94040000", open_port); }},
    {"padding behind the packet", both, none,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port) + Buffer(18, 0)}; }},
    {"one hop left", both, none,
     [](const Talk& t) -> Frames { return {t.udp_frame(open_port, {.hops = 1})}; }},
    {"as long as a frame may be", both, none,
     [](const Talk& t) -> Frames {
       return {t.frame(t.ip(proto_udp, t.datagram(open_port, t.family == 6 ? 181 : 184)))};
     }},
    {"multicast", both, none,
     [](const Talk& t) -> Frames { return {t.towards(multicast_end).udp_frame(many_port)}; }},
    {"multicast in fragments", both, none,
     [](const Talk& t) {
       return t.towards(multicast_end)
           .pieces(proto_udp, t.towards(multicast_end).datagram(many_port, 6), {24});
     }},
    {"broadcast", ip4, none,
     [](const Talk& t) -> Frames { return {t.towards(broadcast_end).udp_frame(many_port)}; }},
};

/** Who is at the far end of a guest's own tagged frames nobody has said: theirs is another segment. */
const Shape allowed_in[] = {
    {"a VLAN tag", both, none,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x8100, {100}, open_port)}; }},
    {"QinQ", both, none,
     [](const Talk& t) -> Frames { return {behind_tags(t, 0x88a8, {100, 200}, open_port)}; }},
};

size_t marked(const Frames& frames, const Talk& talk) {
  const Buffer mark = talk.mark();
  return static_cast<size_t>(
      std::ranges::count_if(frames, [&](const Buffer& f) { return !std::ranges::search(f, mark).empty(); }));
}

/** Of which nothing may arrive, also not later. */
struct Tried {
  Talk talk;
  vmoat_way way;
  const Shape* shape;
};

/** Between guests that nobody guards all of it arrives: the mark can be heard, and no bridge is in the way.
 */
void control(BypassRig& rig, const Shape& shape, int family) {
  const Talk talk = {rig.c, rig.a, family, ++rig.talks};
  const Frames frames = shape.frames(talk);
  rig.card_c.send(frames);
  CHECK_MESSAGE(BypassRig::arrives(rig.card_a, talk, marked(frames, talk)), "unguarded, ",
                rig.card_a.heard(talk));
}

constexpr useconds_t sweep_us = 15'000;  // then the engine has seen what the kernel counts

/** Twice: what was denied at first stays so. On a machine that lets the engine wait for its turn its NIC
 * fails closed. */
Tried try_shape(BypassRig& rig, const Shape& shape, vmoat_way way, int family) {
  const Talk talk = rig.talk(way, family);
  const Frames frames = shape.frames(talk);
  const size_t bad = marked(frames, talk);
  const Causes causes = shape.causes | because(VMOAT_FAILED_CLOSED);
  REQUIRE(bad > 0);
  for (int again = 0; again < 2; again++) {
    if (again != 0) ::usleep(sweep_us);
    const uint64_t before = rig.counted(way, causes);
    rig.sender(way).send(frames);
    CHECK(rig.alive_soon(way, family));
    CHECK(rig.receiver(way).heard(talk) == 0);
    CHECK_MESSAGE(rig.counts(way, causes, before + bad), "counted ", rig.counted(way, causes) - before,
                  " of ", bad, "; without an engine ", rig.counted(way, because(VMOAT_FAILED_CLOSED)));
  }
  return {talk, way, &shape};
}

void try_allowed(BypassRig& rig, const Shape& shape, vmoat_way way, int family) {
  const Talk talk = rig.talk(way, family);
  const Frames frames = shape.frames(talk);
  rig.sender(way).send(frames);
  (void)BypassRig::arrives(rig.receiver(way), talk, frames.size(), 1000);
  CHECK(rig.receiver(way).heard(talk) == frames.size());
}

template <class Try>
void each(std::span<const Shape> shapes, std::initializer_list<vmoat_way> ways, Try attempt) {
  for (const Shape& shape : shapes)
    for (const int family : {4, 6})
      for (const vmoat_way way : ways) {
        const std::string what = std::string(shape.name) + ", IPv" + std::to_string(family) +
                                 (way == VMOAT_TO_NIC ? ", to the guest" : ", from the guest");
        CAPTURE(what);
        if (shape.families & (family == 4 ? ip4 : ip6)) attempt(shape, way, family);
      }
}

constexpr std::initializer_list<vmoat_way> in_and_out = {VMOAT_TO_NIC, VMOAT_FROM_NIC},
                                           in_only = {VMOAT_TO_NIC}, out_only = {VMOAT_FROM_NIC};

void none_passes(BypassRig& rig, std::span<const Shape> shapes,
                 std::initializer_list<vmoat_way> ways = in_and_out) {
  std::vector<Tried> tried;
  each(shapes, ways, [&](const Shape& shape, vmoat_way way, int family) {
    control(rig, shape, family);
    tried.push_back(try_shape(rig, shape, way, family));
  });
  ::usleep(300'000);
  for (const Tried& t : tried) {
    const std::string what = t.shape->name;
    CAPTURE(what);
    CHECK(rig.receiver(t.way).heard(t.talk) == 0);
  }
}

}  // namespace

TEST_CASE("bypass: no shape passes that no rule allows") {
  each_bypass([](BypassRig& rig) {
    rig.rig.fails_closed = true;
    rig.in_force();
    for (const auto shapes : std::initializer_list<std::span<const Shape>>{
             plain, fragments, tags, extensions, tunnels, connections, ethertypes, lengths})
      none_passes(rig, shapes);
    none_passes(rig, claims, out_only);
  });
}

TEST_CASE("bypass: the same shapes arrive where a rule allows them") {
  each_bypass([](BypassRig& rig) {
    const auto arrives = [&](const Shape& shape, vmoat_way way, int family) {
      try_allowed(rig, shape, way, family);
    };
    each(allowed, in_and_out, arrives);
    each(allowed_in, in_only, arrives);
  });
}
}  // namespace vmoat::test

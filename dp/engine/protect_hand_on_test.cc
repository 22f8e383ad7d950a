// Protection where the tap's programs hand frames on to a splice's: others' programs on the tap are not
// passed over, and programs of one layout follow those of another.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "engine/protect_rig.h"
#include "plumb/numbers.h"
#include "plumb/tcx.h"

namespace vmoat::test {
namespace {

/** Drops whatever comes to it. */
Fd dropping_program() {
  constexpr int drop = 2;  // TC_ACT_SHOT
  const bpf_insn program[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = drop},
                              {.code = BPF_JMP | BPF_EXIT}};
  return Fd(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "drop", "GPL", program, std::size(program), nullptr));
}

struct Foreign {
  const Fd program = dropping_program();
  const std::string pin;
  Foreign(const std::string& tap, std::string at) : pin(std::move(at)) {
    REQUIRE(program.get() >= 0);
    REQUIRE(
        attach_tcx(::if_nametoindex(tap.c_str()), TrafficSide::ingress, program.get(), pin, TcxPlace::last)
            .ok());
  }
  ~Foreign() { detach_tcx(pin); }
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;
};

}  // namespace

TEST_CASE("protect hands on: what the guest sends is seen by others' programs on its tap first") {
  if (!has_root() || !has_tcx()) return;
  GuardRig rig(HookChoice::tcx, "splice");
  const Fd open = listener(rig.lab, open_port);
  rig.mode(Mode::learn);
  {
    const Foreign foreign(rig.lab.b, rig.pins + "/foreign");
    rig.mode(Mode::protect);
    CHECK(connect_to(rig.lab, open_port, 300) == ETIMEDOUT);
  }
  CHECK(wait_for([&] { return connect_to(rig.lab, open_port, 300) == 0; }));
  CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
  rig.mode(Mode::learn);
  CHECK(wait_for([&] { return rig.is_as_without_us(); }));
}

TEST_CASE("protect hands on: nothing is lost while the next run comes, which has other maps") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    for (int i = 0; i < 3; i++) {
      rig.mode(Mode::protect);
      REQUIRE(datagram_passes(rig, open_port));
      Numbers to(rig.lab.a, rig.lab.b, "10.9.0.2", 1, open_port);
      to.until(200);
      rig.end();
      rig.config.flows_max *= 2;
      rig.begin();
      to.until(to.sent() + 200);
      to.finish();
      CHECK(to.lost() == 0);
      CHECK(to.doubled() == 0);
    }
  });
}

}  // namespace vmoat::test

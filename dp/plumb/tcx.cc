// TCX links by bpf(2).
#include "plumb/tcx.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "plumb/bpffs.h"

namespace vmoat {
namespace {

// Debian 12's linux/bpf.h (6.1) does not know them yet
constexpr uint32_t attach_tcx_ingress = 46;
constexpr uint32_t attach_tcx_egress = 47;
constexpr uint32_t before = 1u << 3, after = 1u << 4;  // without a relative: first and last in line
constexpr uint32_t lo_ifindex = 1;

long call_bpf(int command, bpf_attr& attr) {
  return ::syscall(__NR_bpf, command, &attr, sizeof(attr));
}

uint32_t type_of(TrafficSide side) {
  return side == TrafficSide::ingress ? attach_tcx_ingress : attach_tcx_egress;
}

Result<Fd> create_link(uint32_t ifindex, TrafficSide side, int program, TcxPlace place) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof(attr));
  attr.link_create.prog_fd = static_cast<uint32_t>(program);
  attr.link_create.target_ifindex = ifindex;
  attr.link_create.attach_type = type_of(side);
  attr.link_create.flags = place == TcxPlace::first ? before : after;
  const long fd = call_bpf(BPF_LINK_CREATE, attr);
  if (fd < 0) return system_error("attach by TCX");
  return Fd(static_cast<int>(fd));
}

// bpf_link_info.tcx.ifindex: where the union of link kinds begins; 0 once the interface has gone.
uint32_t ifindex_of(int link) {
  bpf_link_info info;
  std::memset(&info, 0, sizeof(info));
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(link, &info, &size) != 0) return 0;
  uint32_t ifindex;
  std::memcpy(&ifindex, &info.raw_tracepoint, sizeof(ifindex));
  return ifindex;
}

bool replace_program(const std::string& path, uint32_t ifindex, int program) {
  auto link = open_pin(path);
  return link && ifindex_of(link->get()) == ifindex && bpf_link_update(link->get(), program, nullptr) == 0;
}

}  // namespace

Result<uint32_t> tcx_programs(uint32_t ifindex, TrafficSide side) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof(attr));
  attr.query.target_fd = ifindex;
  attr.query.attach_type = type_of(side);
  if (call_bpf(BPF_PROG_QUERY, attr) != 0) return system_error("list TCX programs");
  return attr.query.prog_cnt;
}

bool has_tcx() {
  return tcx_programs(lo_ifindex, TrafficSide::ingress).ok();
}

Status attach_tcx(uint32_t ifindex, TrafficSide side, int program, const std::string& path, TcxPlace place) {
  if (replace_program(path, ifindex, program)) return success();
  ::unlink(path.c_str());
  auto link = create_link(ifindex, side, program, place);
  if (!link) return std::move(link.error());
  return pin(link->get(), path);
}

void detach_tcx(const std::string& path) {
  auto link = open_pin(path);
  if (!link) return;
  (void)bpf_link_detach(link->get());  // fails only where the interface has gone: then it is off already
  ::unlink(path.c_str());
}

}  // namespace vmoat

// TCX: links pinned per interface and side (Linux 6.6). It needs no qdisc, so it is in nobody's way.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "capture/bpffs.h"
#include "capture/tap_hook.h"

namespace vmoat {
namespace {

// Debian 12's linux/bpf.h (6.1) does not know them yet
constexpr uint32_t attach_tcx_ingress = 46;
constexpr uint32_t attach_tcx_egress = 47;
constexpr uint32_t before_all = 1u << 3;  // BPF_F_BEFORE without a relative: first in line
constexpr uint32_t lo_ifindex = 1;

long call_bpf(int command, bpf_attr& attr) {
  return ::syscall(__NR_bpf, command, &attr, sizeof(attr));
}

bool available() {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof(attr));
  attr.query.target_fd = lo_ifindex;
  attr.query.attach_type = attach_tcx_ingress;
  return call_bpf(BPF_PROG_QUERY, attr) == 0;
}

std::string link_pin(const std::string& links, uint32_t ifindex, uint32_t type) {
  return links + "/" + std::to_string(ifindex) + (type == attach_tcx_ingress ? "-ingress" : "-egress");
}

Result<Fd> create_link(uint32_t ifindex, uint32_t type, int program) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof(attr));
  attr.link_create.prog_fd = static_cast<uint32_t>(program);
  attr.link_create.target_ifindex = ifindex;
  attr.link_create.attach_type = type;
  attr.link_create.flags = before_all;
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

Status attach_side(uint32_t ifindex, uint32_t type, int program, const std::string& links) {
  const std::string path = link_pin(links, ifindex, type);
  if (replace_program(path, ifindex, program)) return success();
  ::unlink(path.c_str());
  auto link = create_link(ifindex, type, program);
  if (!link) return std::move(link.error());
  return pin(link->get(), path);
}

Result<TapAttached> attach(Netlink&, const TapTarget& target, const TapPrograms& programs,
                           const std::string& links) {
  const int at_ingress = target.macvtap ? programs.to_nic_at_ingress : programs.from_nic;
  const int at_egress = target.macvtap ? programs.from_nic : programs.to_nic;
  if (Status done = attach_side(target.ifindex, attach_tcx_ingress, at_ingress, links); !done)
    return std::move(done.error());
  if (Status done = attach_side(target.ifindex, attach_tcx_egress, at_egress, links); !done)
    return std::move(done.error());
  return TapAttached{.sent = true, .received = true};
}

void detach_side(uint32_t ifindex, uint32_t type, const std::string& links) {
  const std::string path = link_pin(links, ifindex, type);
  auto link = open_pin(path);
  if (!link) return;
  (void)bpf_link_detach(link->get());  // fails only where the interface has gone: then it is off already
  ::unlink(path.c_str());
}

Status detach(Netlink&, uint32_t ifindex, const std::string& links, bool) {
  detach_side(ifindex, attach_tcx_ingress, links);
  detach_side(ifindex, attach_tcx_egress, links);
  return success();
}

}  // namespace

const TapHook tcx_hook = {"tcx", VMOAT_HOOK_TCX, available, attach, detach};

}  // namespace vmoat

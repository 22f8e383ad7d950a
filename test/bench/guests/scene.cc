// Two guests and a bridge. A veth pair carries 64 KB super-frames with partial checksums, as virtio does;
// with real taps a thread plays QEMU: it moves frames, virtio-net headers included, between two tap devices.
#include "guests/scene.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vmoat::bench {
namespace {

constexpr size_t frame_bytes_max = 70000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

Fd open_tap(const std::string& name) {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  ifreq request = {};
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) die("TUNSETIFF");
  if (::ioctl(fd.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) die("TUNSETOFFLOAD");
  return fd;
}

/** Moves what is waiting from one tap to the other; false where nothing was. */
bool move(const Fd& from, const Fd& to, std::vector<char>& buffer) {
  bool any = false;
  for (int i = 0; i < 64; i++) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got <= 0) return any;
    any = true;
    (void)!::write(to.get(), buffer.data(), static_cast<size_t>(got));
  }
  return any;
}

void forward(Fd one, Fd two, const std::atomic<bool>& stopping) {
  std::vector<char> buffer(frame_bytes_max);
  pollfd fds[] = {{one.get(), POLLIN, 0}, {two.get(), POLLIN, 0}};
  while (!stopping) {
    ::poll(fds, 2, 100);
    while (static_cast<int>(move(one, two, buffer)) | static_cast<int>(move(two, one, buffer))) {
      if (stopping) return;
    }
  }
}

std::string path_of(const Fd& space) {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(space.get());
}

}  // namespace

Fd make_namespace() {
  const Fd before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (::unshare(CLONE_NEWNET) != 0) die("unshare");
  Fd made(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  shell("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
  enter(before);
  return made;
}

void enter(const Fd& space) {
  if (::setns(space.get(), CLONE_NEWNET) != 0) die("setns");
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) == 0) return;
  std::fprintf(stderr, "failed: %s\n", command.c_str());
  std::exit(1);
}

Scene::Scene(Wire wire) : host_(make_namespace()), guests_{make_namespace(), make_namespace()} {
  enter(host_);
  // docker and others switch it on; a bare bridge has none
  shell("for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 > $f; done");
  shell("ip link add vmt-br type bridge && ip link set vmt-br up");
  for (int number : {0, 1}) {
    wire == Wire::veth ? plug_veth(number) : plug_tap(number);
    const std::string nic = "vmt-nic" + std::to_string(number);
    shell("ip link set " + nic + " master vmt-br up");
    enter(guests_[number]);
    shell("ip link set eth0 up && ip link set lo up && ip addr add 10.99.0.1" + std::to_string(number) +
          "/24 dev eth0");
    shell(
        "echo '1024 65535' > /proc/sys/net/ipv4/ip_local_port_range; echo 2000 > "
        "/proc/sys/net/ipv4/tcp_max_tw_buckets");
    enter(host_);
  }
  enter(guests_[1]);
  for (int address = 0; address < server_addresses; address++)
    shell("ip addr add 10.99.1." + std::to_string(address + 1) + "/16 dev eth0");
  enter(guests_[0]);
  shell("ip route add 10.99.1.0/24 dev eth0");
  enter(host_);
  shell("sleep 0.3");
}

Scene::~Scene() {
  stopping_ = true;
  for (std::thread& f : forwarders_) f.join();
}

void Scene::introduce() const {
  enter(guests_[0]);
  shell("ip neigh flush dev eth0; for i in $(seq " + std::to_string(server_addresses) +
        "); do ping -q -c 1 -W 1 10.99.1.$i > /dev/null; done");
  enter(host_);
}

void Scene::plug_veth(int number) {
  const std::string name = "vmt-nic" + std::to_string(number);
  shell("ip link add " + name + " type veth peer name eth0 netns " + path_of(guests_[number]));
}

void Scene::add_quiet_guests(int count) {
  quiet_ = make_namespace();
  for (int number = 2; number < 2 + count; number++) {
    const std::string nic = "vmt-nic" + std::to_string(number), inside = "eth" + std::to_string(number);
    shell("ip link add " + nic + " type veth peer name " + inside + " netns " + path_of(quiet_));
    shell("ip link set " + nic + " master vmt-br up");
  }
  enter(quiet_);
  shell("ip link set group default up");
  enter(host_);
}

void Scene::plug_tap(int number) {
  Fd outside = open_tap("vmt-nic" + std::to_string(number));
  enter(guests_[number]);
  Fd inside = open_tap("eth0");
  enter(host_);
  forwarders_.emplace_back(forward, std::move(outside), std::move(inside), std::cref(stopping_));
}

}  // namespace vmoat::bench

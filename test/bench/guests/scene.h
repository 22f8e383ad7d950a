// Scene: a host namespace with a bridge, and two guests behind it, each in a namespace of its own.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace vmoat::bench {

/** Of the server, so that the connection load finds a pair of ports that is not in TIME_WAIT. */
constexpr int server_addresses = 16;

/** What stands between a guest and the bridge. */
enum class Wire { veth, tap };

/** A new network namespace; nobody lives in it. */
Fd make_namespace();
void enter(const Fd& space);
/** Runs a shell command in the calling thread's namespace; ends the program where it fails. */
void shell(const std::string& command);

class Scene {
 public:
  /** The calling thread is in the host namespace afterwards. The client is 10.99.0.10, the server 10.99.0.11
   * and 10.99.1.1 to .16. */
  explicit Scene(Wire wire);
  /** That many further guests, which keep still, in one namespace of their own. */
  void add_quiet_guests(int count);
  ~Scene();
  /** The client asks anew for every address of the server, which teaches who is listening whose they are. */
  void introduce() const;
  [[nodiscard]] const Fd& guest(int number) const { return guests_[number]; }
  /** fnmatch pattern of the host's ends of the guests' NICs. */
  static constexpr const char* host_ends = "vmt-nic*";

 private:
  void plug_veth(int number);
  void plug_tap(int number);

  Fd host_;
  Fd guests_[2];
  Fd quiet_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> forwarders_;
};

}  // namespace vmoat::bench

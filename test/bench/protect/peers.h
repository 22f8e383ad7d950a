// Peers: what else filters between a guest and its bridge, set up in the host namespace of a scene.
#pragma once

namespace vmoat::bench {

/** The bridge's frames go through the host's IP rules, with connection tracking. */
class FilteredBridge {
 public:
  FilteredBridge();
  ~FilteredBridge();
};

/** As Proxmox VE does: a bridge of each guest's own and a veth pair between its tap and the bridge proper,
 * all of them filtered. */
class FirewallBridges {
 public:
  FirewallBridges();
  ~FirewallBridges();

 private:
  FilteredBridge filtered_;
};

}  // namespace vmoat::bench

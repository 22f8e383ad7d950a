// Checks of packet filters of others that act on the VMs' traffic.
import { check, found, good } from './check.ts';
import type { Host } from './host.ts';

const BRIDGE_SYSCTLS = ['iptables', 'ip6tables', 'arptables'];

export const bridgeNetfilter = check('br_netfilter', (host) => {
  const on = BRIDGE_SYSCTLS.filter(
    (name) => host.read(`/proc/sys/net/bridge/bridge-nf-call-${name}`)?.trim() === '1',
  );
  if (on.length === 0) return good('bridged frames do not pass the host’s packet filter');
  const sysctls = on.map((name) => `net.bridge.bridge-nf-call-${name}=0`).join(' ');
  return found(
    'warning',
    `bridged frames between VMs pass the host's ${on.join(', ')}: slower, and filtered by rules meant for the host`,
    `sysctl -w ${sysctls} (Docker and Kubernetes switch it on and may need it)`,
  );
});

const dropsForward = (rules: string): boolean => /^-P FORWARD DROP$/m.test(rules);

/** What the host's packet filter does to what is bridged depends on br_netfilter; to what is routed it always does. */
export const forwardPolicy = check('FORWARD policy', async (host) => {
  const rules = await host.run('iptables', '-S', 'FORWARD');
  if (rules === null) return unknownRules(host);
  if (!dropsForward(rules)) return good('the FORWARD chain lets pass what no rule drops');
  const docker = /^-A FORWARD .*-j DOCKER/m.test(rules) ? ', as Docker sets it' : '';
  return found(
    'warning',
    `the FORWARD chain drops what no rule allows${docker}: routed VMs, and bridged ones under br_netfilter, are cut off`,
    'iptables -I DOCKER-USER -i BRIDGE -j ACCEPT for each bridge of VMs (and -o), or "iptables": false in /etc/docker/daemon.json',
  );
});

function unknownRules(host: Host) {
  if (!host.isRoot) return found('note', 'the packet filter can only be read by root', 'sudo vmoat doctor');
  return good('there is no iptables');
}

export const firewalld = check('firewalld', async (host) => {
  const state = await host.run('firewall-cmd', '--state');
  if (state?.trim() !== 'running') return good('firewalld does not run');
  return found(
    'note',
    'firewalld runs: its zones filter what the VMs exchange with the host and what is routed, and a reload renews its rules',
    'nothing, if the bridges are in zone libvirt (firewall-cmd --get-active-zones)',
  );
});

export const openvswitch = check('Open vSwitch', async (host) => {
  const bridges = await host.run('ovs-vsctl', 'list-br');
  const names = bridges?.trim().split('\n').filter(Boolean) ?? [];
  if (names.length === 0) return good('no bridge of Open vSwitch');
  return found(
    'note',
    `bridges of Open vSwitch: ${names.join(', ')}; vmoat observes their ports like any tap`,
    '',
  );
});

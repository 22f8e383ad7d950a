// IANA's keywords of IP protocol numbers, in lower case (www.iana.org/assignments/protocol-numbers).

const FROM_ZERO =
  'hopopt icmp igmp ggp ipv4 st tcp cbt egp igp bbn-rcc-mon nvp-ii pup argus emcon xnet chaos udp mux ' +
  'dcn-meas hmp prm xns-idp trunk-1 trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4 netblt mfe-nsp merit-inp dccp ' +
  '3pc idpr xtp ddp idpr-cmtp tp++ il ipv6 sdrp ipv6-route ipv6-frag idrp rsvp gre dsr bna esp ah i-nlsp ' +
  'swipe narp min-ipv4 tlsp skip ipv6-icmp ipv6-nonxt ipv6-opts 61 cftp 63 sat-expak kryptolan rvd ippc 68 ' +
  'sat-mon visa ipcv cpnx cphb wsn pvp br-sat-mon sun-nd wb-mon wb-expak iso-ip vmtp secure-vmtp vines iptm ' +
  'nsfnet-igp dgp tcf eigrp ospfigp sprite-rpc larp mtp ax.25 ipip micp scc-sp etherip encap 99 gmtp ifmp ' +
  'pnni pim aris scps qnx a/n ipcomp snp compaq-peer ipx-in-ip vrrp pgm 114 l2tp ddx iatp stp srp uti smp ' +
  'sm ptp isis-over-ipv4 fire crtp crudp sscopmce iplt sps pipe sctp fc rsvp-e2e-ignore mobility-header ' +
  'udplite mpls-in-ip manet hip shim6 wesp rohc ethernet aggfrag nsh homa';

const KEYWORDS = FROM_ZERO.split(' ');

/** IANA's keyword, or the number as text where IANA gives none. */
export function protocolKeyword(proto: number): string {
  return KEYWORDS[proto] ?? String(proto);
}

/** The number behind what `protocolKeyword` gave. */
export function protocolNumber(keyword: string): number {
  const number = KEYWORDS.indexOf(keyword);
  return number < 0 ? Number(keyword) : number;
}

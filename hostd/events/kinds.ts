// Every kind of event, read top to bottom: a new one is a line here and a call of `emit` where it happens.
import type { EventKindInfo, EventSeverity } from '../api/schema.ts';

interface Kind {
  severity: EventSeverity;
  means: string;
}

export const eventKinds = {
  'hostd-started': { severity: 'info', means: 'vmoat-hostd runs; what happened before was not seen' },
  'config-reloaded': {
    severity: 'info',
    means: 'the configuration file was read anew; what needs a restart is named',
  },
  'config-refused': {
    severity: 'high',
    means: 'the configuration file was read anew and has mistakes: the one before stays',
  },
  'dataplane-connected': { severity: 'info', means: 'vmoat-dp answers' },
  'dataplane-lost': { severity: 'high', means: 'vmoat-dp does not answer: its programs go on without it' },
  'libvirt-connected': { severity: 'info', means: 'libvirt answers' },
  'libvirt-lost': { severity: 'high', means: 'libvirt does not answer: VMs that come and go are not seen' },
  'nic-appeared': { severity: 'info', means: 'a NIC of a running VM is tapped' },
  'nic-gone': { severity: 'info', means: 'a NIC is no longer there' },
  'nic-untappable': { severity: 'high', means: 'a NIC of a running VM is not tapped, and why' },
  'address-conflict': { severity: 'medium', means: 'an address is claimed that belongs to somebody else' },
  threat: { severity: 'medium', means: 'an incident began; bears the severity of the threat' },
  'threats-left-out': { severity: 'medium', means: 'more incidents began than get an event each' },
  violation: { severity: 'medium', means: 'traffic that no rule allows, or that one denies' },
  'violations-left-out': {
    severity: 'medium',
    means: 'a source has more violations than get an event each',
  },
  'records-lost': { severity: 'medium', means: 'something was lost within the last minute, by cause' },
  'delivery-failing': {
    severity: 'medium',
    means: 'a webhook or syslog server does not take events: they wait',
  },
  'delivery-resumed': { severity: 'info', means: 'it takes them again' },
  'delivery-test': { severity: 'info', means: 'somebody tries a destination, which alone gets it' },
  'policy-applied': { severity: 'info', means: 'a version of the policy went live' },
  'policy-confirmed': { severity: 'info', means: 'a version that would have been rolled back was confirmed' },
  'policy-rolled-back': {
    severity: 'medium',
    means: 'a version that nobody confirmed, or that was withdrawn, is live no more',
  },
  'panic-began': {
    severity: 'high',
    means: 'root lets everything pass for a while: nothing is dropped or held',
  },
  'panic-ended': { severity: 'info', means: 'that is over: verdicts are carried out again' },
  'promotion-due': { severity: 'info', means: 'a group will soon go one mode further by itself' },
  'rules-unused': {
    severity: 'info',
    means: 'rules decided nothing for so long that they are proposed for removal',
  },
  'response-acted': { severity: 'medium', means: 'a response rule changed the policy' },
  'response-failed': { severity: 'high', means: 'a response rule could not change the policy, and why' },
  'export-done': { severity: 'info', means: 'an export was written' },
  'export-failed': { severity: 'high', means: 'an export was not written, and why' },
  'export-missed': {
    severity: 'medium',
    means: 'an export was due while vmoat-hostd did not run, or its last run still did',
  },
} as const satisfies Record<string, Kind>;

export type EventKind = keyof typeof eventKinds;

export const eventKindList: EventKindInfo[] = Object.entries(eventKinds).map(([name, kind]) => ({
  name,
  ...kind,
}));

// One NIC: where it is attached, its addresses and who says so, how it is tapped, or why not.
import type { Nic, NicProtection as Protection } from '../../hostd/api/schema.ts';
import { bytesText, countText } from '../domain/quantity.ts';
import { type Fact, Facts } from '../ui/facts.tsx';

function attached(nic: Nic): string {
  const where = nic.network ? `${nic.source} ${nic.network}` : nic.source;
  const vlans = nic.vlans.length > 0 ? `, VLAN ${nic.vlans.join(', ')}` : '';
  return `${where}${nic.portGroup ? `, port group ${nic.portGroup}` : ''}${vlans}`;
}

function facts(nic: Nic): Fact[] {
  const all: Fact[] = [
    ['Attached to', attached(nic)],
    ['Tap', nic.tap ? <span class="mono">{nic.tap}</span> : 'none'],
    ['Hook', nic.hook],
    ['Segment', nic.segment ?? 'unknown'],
    ['From it', `${bytesText(nic.bytes[0])} in ${countText(nic.packets[0])} packets`],
    ['To it', `${bytesText(nic.bytes[1])} in ${countText(nic.packets[1])} packets`],
  ];
  if (nic.protection) all.push(...protectionFacts(nic.protection));
  if (nic.model) all.push(['Model', nic.model]);
  if (nic.bandwidth) all.push(['Bandwidth', 'limited by libvirt']);
  if (nic.lost > 0) all.push(['Lost', <strong class="bad">{countText(nic.lost)} events</strong>]);
  return all;
}

/** What became of frames of a NIC in protect; one that nobody enforces anything at has little to tell. */
function protectionFacts({ state, enforcer, reason, failPolicy, frames }: Protection): Fact[] {
  if (state === 'off') return reason ? [['Not inline', reason]] : [];
  const how = [state === 'inline' ? `inline by ${enforcer}` : 'waiting', reason].filter(Boolean).join(': ');
  const counts = Object.entries(frames).map(
    ([cause, [from, to]]): Fact => [`Frames ${cause}`, `${countText(from)} from it, ${countText(to)} to it`],
  );
  return [['Protect', how], ['Fail policy', failPolicy], ...counts];
}

export function NicCard({ nic }: { nic: Nic }) {
  const tapped = nic.hook !== 'none';
  return (
    <article class="nic" aria-label={`NIC ${nic.mac}`}>
      <header>
        <span class={`dot ${tapped ? 'good' : 'off'}`} aria-hidden="true" />
        <b class="mono">{nic.mac}</b>
        <span>{tapped ? 'tapped' : 'not tapped'}</span>
        {nic.protection?.state === 'inline' && <span class="good">inline</span>}
        {!nic.linkUp && <span class="bad">link down</span>}
      </header>
      {nic.reason && <p class="reason">{nic.reason}</p>}
      {nic.addresses.length > 0 && (
        <ul class="addresses">
          {nic.addresses.map(({ address, source }) => (
            <li key={`${address} ${source}`}>
              <span class="mono">{address}</span> <small>{source}</small>
            </li>
          ))}
        </ul>
      )}
      <Facts facts={facts(nic)} />
    </article>
  );
}

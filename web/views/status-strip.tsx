// One line on how vmoat itself does; pressing it opens the details.
import { useState } from 'preact/hooks';
import type { Status } from '../../hostd/api/schema.ts';
import { countText, plural } from '../domain/quantity.ts';
import { openCount, worstOpen } from '../domain/threat.ts';
import { Icon } from '../ui/icon.tsx';
import { useDashboard } from './context.ts';
import { StatusDetails } from './status-details.tsx';

type Light = 'good' | 'warn' | 'bad' | 'off';

function Item({ light, name, value }: { light: Light; name: string; value: string }) {
  return (
    <span class="item">
      <span class={`dot ${light}`} aria-hidden="true" />
      <span class="name">{name}</span> {value}
    </span>
  );
}

const lost = (status: Status): number => Object.values(status.lost).reduce((sum, count) => sum + count, 0);

const threatLight = (status: Status): Light => {
  const worst = worstOpen(status);
  if (worst === null) return 'good';
  return worst === 'critical' || worst === 'high' ? 'bad' : 'warn';
};

function Items({ status }: { status: Status }) {
  const { libvirt, dataplane, nics, workloads } = status;
  const losses = lost(status);
  const open = openCount(status);
  return (
    <>
      <Item
        light={libvirt.state === 'connected' ? 'good' : libvirt.state === 'reconnecting' ? 'warn' : 'bad'}
        name="libvirt"
        value={
          libvirt.state === 'connected'
            ? `${workloads.running} of ${plural(workloads.total, 'machine')} running`
            : libvirt.state
        }
      />
      <Item
        light={dataplane.state === 'connected' ? 'good' : 'warn'}
        name="data plane"
        value={dataplane.state}
      />
      <Item
        light={nics.untapped > 0 ? 'warn' : nics.tapped > 0 ? 'good' : 'off'}
        name="NICs"
        value={`${nics.tapped} tapped${nics.untapped > 0 ? `, ${nics.untapped} not` : ''}`}
      />
      {dataplane.flows && <Item light="good" name="sessions" value={countText(dataplane.flows.sessions)} />}
      <Item
        light={threatLight(status)}
        name="threats"
        value={open > 0 ? `${countText(open)} open` : 'none open'}
      />
      <Item
        light={losses > 0 ? 'bad' : 'good'}
        name="lost"
        value={losses > 0 ? countText(losses) : 'nothing'}
      />
    </>
  );
}

export function StatusStrip() {
  const { status, connection } = useDashboard();
  const [open, setOpen] = useState(false);
  const known = status.value;
  const state = connection.value.state;
  return (
    <footer class="strip">
      {open && known && <StatusDetails status={known} onClose={() => setOpen(false)} />}
      <button
        type="button"
        aria-expanded={open}
        aria-label="Status in detail"
        disabled={!known}
        onClick={() => setOpen(!open)}
      >
        <Item
          light={state === 'open' ? 'good' : 'warn'}
          name="page"
          value={state === 'open' ? 'live' : state === 'waiting' ? 'not connected' : 'connecting'}
        />
        {known && <Items status={known} />}
        <span class="space" />
        {known && <span class="version">vmoat {known.version}</span>}
        <Icon name={open ? 'down' : 'plus'} />
      </button>
    </footer>
  );
}

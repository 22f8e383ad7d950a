// What stands in place of a graph: connecting, failed, or no virtual machine yet and what to do about it.
import { Empty } from '../ui/empty.tsx';
import { useDashboard } from './context.ts';

export function GraphAbsent() {
  const { graph, past, isLive, status, inventoried } = useDashboard();
  const error = past.error.value;
  if (!isLive.value && error)
    return (
      <Empty title="The past window could not be read">
        <p>
          {error.message} {error.hint}
        </p>
      </Empty>
    );
  if (!graph.value || !inventoried.value)
    return <Empty busy title={isLive.value ? 'Connecting to vmoat …' : 'Reading the history …'} />;
  if (!isLive.value)
    return (
      <Empty title="Nothing was seen in this window">
        <p>Choose a longer or a later one, or go back to what is live.</p>
      </Empty>
    );
  const libvirt = status.value?.libvirt;
  if (libvirt && libvirt.state !== 'connected')
    return (
      <Empty title="libvirt does not answer">
        <p>{libvirt.reason || 'vmoat keeps trying.'}</p>
        <p>
          On the host, <code>vmoat doctor</code> says what stands in the way.
        </p>
      </Empty>
    );
  return (
    <Empty title="No virtual machines yet">
      <p>
        vmoat watches libvirt and draws a machine as soon as one is defined. Start one with{' '}
        <code>virsh start NAME</code>; it needs nothing inside.
      </p>
      <p>
        Are there machines that should be here? <code>vmoat doctor</code> says what stands in the way.
      </p>
    </Empty>
  );
}

// The whole page: header, one of the four views, the panel of what is selected, the status strip.
import { useEffect, useState } from 'preact/hooks';
import { ConnectionBanner } from './connection-banner.tsx';
import { useDashboard } from './context.ts';
import { FlowsView } from './flows-view.tsx';
import { Header } from './header.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { listenToKeys } from './keys.ts';
import { ListView } from './list-view.tsx';
import { LoginView } from './login-view.tsx';
import { MapView } from './map-view.tsx';
import { PanicBanner } from './panic-banner.tsx';
import { SelectionPanel } from './selection-panel.tsx';
import { StatusStrip } from './status-strip.tsx';
import { ThreatsView } from './threats-view.tsx';

export function Page() {
  const dashboard = useDashboard();
  const [help, setHelp] = useState(false);
  useEffect(() => listenToKeys(dashboard, () => setHelp((open) => !open)), [dashboard]);
  if (dashboard.connection.value.state === 'signedOut') return <LoginView />;
  const { view } = dashboard.places.place.value;
  return (
    <div class="page">
      <Header onHelp={() => setHelp(true)} />
      <ConnectionBanner />
      <PanicBanner />
      <main id="content">
        {view === 'map' && <MapView />}
        {view === 'list' && <ListView />}
        {view === 'flows' && <FlowsView />}
        {view === 'threats' && <ThreatsView />}
        <SelectionPanel />
      </main>
      <StatusStrip />
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </div>
  );
}

// Starts the page: makes the state out of the browser's parts and renders it.
import { render } from 'preact';
import { Api } from './feed/api.ts';
import { browserWorld } from './feed/browser-world.ts';
import { takeSecret } from './feed/fragment-secret.ts';
import { Dashboard } from './store/dashboard.ts';
import { browserAddress, PlaceStore } from './store/place.ts';
import './ui/styles/base.css';
import './ui/styles/page.css';
import './ui/styles/map.css';
import './ui/styles/panel.css';
import './ui/styles/tables.css';
import { DashboardContext } from './views/context.ts';
import { Page } from './views/page.tsx';

const api = new Api();
const dashboard = new Dashboard(api, new PlaceStore(browserAddress(window)), browserWorld(api));
void dashboard.start(takeSecret(location, history));

const root = document.getElementById('page');
if (root)
  render(
    <DashboardContext.Provider value={dashboard}>
      <Page />
    </DashboardContext.Provider>,
    root,
  );

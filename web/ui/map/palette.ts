// The colours of the map that are not an application's, for both themes.
import type { Theme } from '../../domain/application.ts';

export type Palette = {
  background: string;
  network: string;
  networkRim: string;
  networkText: string;
  node: string;
  rim: string;
  icon: string;
  text: string;
  faint: string;
  accent: string;
  running: string;
  paused: string;
  stopped: string;
  crashed: string;
};

export const palettes: Readonly<Record<Theme, Palette>> = {
  dark: {
    background: '#0d1218',
    network: '#121922',
    networkRim: '#1d2733',
    networkText: '#66788c',
    node: '#1a2430',
    rim: '#4a5c70',
    icon: '#c3d0de',
    text: '#dbe4ee',
    faint: '#7d8fa3',
    accent: '#5cb8ea',
    running: '#4cc38a',
    paused: '#e5b454',
    stopped: '#5d6b7a',
    crashed: '#f0706a',
  },
  light: {
    background: '#f7f9fb',
    network: '#eef2f6',
    networkRim: '#dfe6ed',
    networkText: '#7d8b9a',
    node: '#ffffff',
    rim: '#9fb0c0',
    icon: '#3d4d5e',
    text: '#1c2733',
    faint: '#6a7a8b',
    accent: '#0b74b8',
    running: '#1f9d61',
    paused: '#b9800d',
    stopped: '#9aa7b4',
    crashed: '#cf3f38',
  },
};

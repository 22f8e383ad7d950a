// Builds the dashboard into build/web: hashed files only, nothing inline, so that a strict CSP serves it.
import { resolve } from 'node:path';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

const root = resolve('web');

export default defineConfig({
  root,
  base: '/',
  plugins: [preact({ devToolsEnabled: false })],
  worker: { format: 'es' },
  build: {
    outDir: resolve('build/web'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});

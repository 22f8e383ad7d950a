// The web page's files; every other path of the page is the page itself, whose state is in the URL.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';
import { METRICS_PATH } from './metrics.ts';
import { BASE_PATH } from './openapi.ts';

/** Beside the bundle of hostd, or in the build folder of a checkout. */
const PLACES = ['../web/', '../../build/web/'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

const hasPage = (folder: string): boolean => existsSync(join(folder, 'index.html'));

/** The folder of the page, or null where it was not built. */
export const pageFolder = (configured: string | null): string | null =>
  (configured === null ? PLACES : [configured]).find(hasPage) ?? null;

const YEAR_MS = 31_536_000_000;

export function pageHandler(folder: string): RequestHandler {
  const router = Router();
  const assets = join(folder, 'assets');
  router.use('/assets', express.static(assets, { immutable: true, maxAge: YEAR_MS, index: false }));
  router.use('/assets', (_request, _response, next) => next('router'));
  router.use(express.static(folder, { maxAge: 0, redirect: false }));
  router.get('/{*path}', (request, response, next) => {
    const isApi = request.path.startsWith(`${BASE_PATH}/`) || request.path === METRICS_PATH;
    if (isApi || !request.accepts('html')) next();
    else response.sendFile('index.html', { root: folder });
  });
  return router;
}

// Gives every application one stable colour (a hue that both themes share) and a display name.

/** Colour in OKLCH without the lightness, which the theme decides. */
export type Tint = { hue: number; chroma: number };

const known: Readonly<Record<string, number>> = {
  redis: 25,
  mysql: 62,
  dhcp: 95,
  ssh: 145,
  ntp: 172,
  tls: 200,
  https: 200,
  http: 245,
  postgresql: 282,
  dns: 312,
  icmp: 350,
};
export const unknownApplication = 'unknown';
const grey: Tint = { hue: 255, chroma: 0.015 };
const chroma = 0.14;

/** FNV-1a: spreads unknown names over the wheel, the same on every page load. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/**
 * The tint of a layered name such as `http/elasticsearch`: its innermost known layer, so that `tls/http`
 * looks like http; an innermost layer nobody listed gets a hue of its own.
 */
export function tintOf(app: string | null | undefined): Tint {
  if (!app || app === unknownApplication) return grey;
  const layers = app.split('/');
  const innermost = layers[layers.length - 1] ?? app;
  const hue = known[innermost];
  return { hue: hue ?? hash(innermost) % 360, chroma };
}

export type Theme = 'dark' | 'light';

/** A CSS colour, readable on the theme's background; `alpha` from 0 to 1. */
export function colourOf(app: string | null | undefined, theme: Theme, alpha = 1): string {
  const { hue, chroma: strength } = tintOf(app);
  const lightness = theme === 'dark' ? 0.74 : 0.56;
  return `oklch(${lightness} ${strength} ${hue} / ${alpha})`;
}

export function applicationName(app: string | null | undefined): string {
  return app || unknownApplication;
}

/** Whether `wanted` is `app` or some of its layers, as the server understands a filter. */
export function isApplication(app: string | null | undefined, wanted: string): boolean {
  return `/${applicationName(app)}/`.includes(`/${wanted}/`);
}

/**
 * Moves the prebuilt OHIF from `/` to `/viewer/`.
 *
 * The base is baked in four kinds of place. Each replacement is counted, and the counts of this
 * exact OHIF are expected: an upgrade that changes them stops the build instead of the viewer.
 */

export const BASE = '/viewer/';

/** Expected replacements in @ohif/app 3.13.2. */
export const EXPECTED = { publicPath: 8, publicUrl: 1 };

/** Replace what is baked in one file; `counts` is added to. */
export function rebase(name, text, counts) {
  let out = text;
  if (name.endsWith('.js')) {
    out = out.replaceAll('__webpack_require__.p = "/"', () => {
      counts.publicPath += 1;
      return `__webpack_require__.p = "${BASE}"`;
    });
  }
  if (name.endsWith('.css')) out = out.replace(/url\(\/(?!\/)/g, `url(${BASE}`);
  return out;
}

/** Our index: OHIF's own scripts and styles, no inline script, nothing from elsewhere. */
export function index(html, counts) {
  if (html.includes('window.PUBLIC_URL="/"')) counts.publicUrl += 1;
  const scripts = [...html.matchAll(/<script[^>]*\ssrc="([^"]+)"[^>]*>/g)].map((m) => m[1]);
  const styles = [...html.matchAll(/<link[^>]*\shref="([^"]+\.css)"[^>]*>/g)].map((m) => m[1]);
  const bundles = scripts.filter((s) => /\.bundle\.[0-9a-f]+\.js$/.test(s));
  if (bundles.length === 0) throw new Error('no bundle in index.html');
  const local = (path) => BASE + path.replace(/^\//, '');
  return [
    '<!doctype html><html lang="fr" class="theme-archipel"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="robots" content="noindex"><title>Archipel</title>',
    `<link rel="icon" href="${BASE}assets/favicon.ico">`,
    ...styles.map((s) => `<link rel="stylesheet" href="${local(s)}">`),
    `<link rel="stylesheet" href="${BASE}plugins/theme.css">`,
    `<script src="${BASE}plugins/before.js"></script>`,
    `<script src="${BASE}app-config.js"></script>`,
    ...bundles.map((s) => `<script defer src="${local(s)}"></script>`),
    '</head><body><noscript>JavaScript</noscript><div id="react-portal"></div><div id="root"></div></body></html>',
  ].join('\n');
}

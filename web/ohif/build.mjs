/**
 * Builds the static files of /viewer/: the prebuilt OHIF, moved under our path, minified, without
 * what we do not serve, plus our mode, extension and theme, loaded at run time.
 *
 * Nothing of OHIF is compiled here: its package is taken from npm at one exact version whose
 * digest is checked.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, brotliCompressSync, gzipSync } from 'node:zlib';
import { transformSync } from 'esbuild';
import { EXPECTED, index, rebase } from './rebase.mjs';

const PACKAGE = '@ohif/app@3.13.2';
const INTEGRITY =
  'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==';
const DROPPED = /^(ort|dicom-microscopy-viewer|customizations)\/|\.map$|^(sw|init-service-worker|google|polyfill\.min|es6-shim\.min|oidc-client\.min)\.js$|LICENSE\.txt$|^manifest\.json$|apple-touch|mstile/;
const TEXT = /\.(js|css|svg|json|wasm)$/;

const here = fileURLToPath(new URL('.', import.meta.url));
const out = join(here, '../../src/archipel/protocols/web/static/viewer');

function unpack() {
  const cache = join(here, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const archive = join(cache, 'ohif-app-3.13.2.tgz');
  if (!existsSync(archive)) {
    execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', cache]);
  }
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (digest !== INTEGRITY) {
    rmSync(archive);
    throw new Error(`${PACKAGE} does not have the digest that was reviewed`);
  }
  const work = mkdtempSync(join(tmpdir(), 'ohif-'));
  execFileSync('tar', ['xzf', archive, '-C', work]);
  return work;
}

function files(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
}

function minified(name, text) {
  if (!/\.(js|css)$/.test(name)) return text;
  const loader = name.endsWith('.css') ? 'css' : 'js';
  return transformSync(text, { loader, minify: true, legalComments: 'none', charset: 'utf8' }).code;
}

function write(name, content) {
  const path = join(out, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  if (!TEXT.test(name) || content.length < 1024) return;
  const quality = { [constants.BROTLI_PARAM_QUALITY]: content.length > 4e6 ? 7 : 9 };
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 7 }));
}

const counts = { publicPath: 0, publicUrl: 0 };
const work = unpack();
const dist = join(work, 'package/dist');
rmSync(out, { recursive: true, force: true });
for (const name of files(dist)) {
  if (DROPPED.test(name) || name === 'index.html' || name === 'app-config.js') continue;
  const raw = readFileSync(join(dist, name));
  write(
    name,
    /\.(js|css)$/.test(name)
      ? Buffer.from(minified(name, rebase(name, raw.toString('utf8'), counts)))
      : raw,
  );
}
write('index.html', Buffer.from(index(readFileSync(join(dist, 'index.html'), 'utf8'), counts)));
for (const [what, expected] of Object.entries(EXPECTED)) {
  if (counts[what] !== expected) {
    throw new Error(`${what}: ${counts[what]} replacements, ${expected} expected in ${PACKAGE}`);
  }
}
cpSync(join(work, 'package/LICENSE'), join(out, 'LICENSE'));
write('app-config.js', readFileSync(join(here, 'plugins/app-config.js')));
for (const name of readdirSync(join(here, 'plugins'))) {
  if (name !== 'app-config.js') write(`plugins/${name}`, readFileSync(join(here, 'plugins', name)));
}
rmSync(work, { recursive: true });
process.stdout.write(`viewer: ${files(out).length} files\n`);

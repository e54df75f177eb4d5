// Makes the app's files in `out/`.
import { build } from 'esbuild';

const assets = ['.eot', '.gif', '.png', '.svg', '.ttf', '.woff', '.woff2'];

await build({
  entryPoints: ['app.jsx'],
  outdir: 'out',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  jsx: 'automatic',
  logLevel: 'error',
  mainFields: ['browser', 'module', 'main'],
  loader: { '.md': 'text', ...Object.fromEntries(assets.map(extension => [extension, 'dataurl'])) },
  alias: { buffer: './node_modules/buffer/index.js', stream: 'stream-browserify' },
  inject: ['./shim.mjs'],
  // The development build of React says what goes wrong.
  define: { global: 'window', 'process.env.HAS_REACT_DOM_CLIENT': 'true', 'process.env.NODE_ENV': '"development"' },
});

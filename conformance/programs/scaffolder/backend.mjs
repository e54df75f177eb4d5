// A Backstage backend in this process: the scaffolder, and the catalog where its package is among the program's dependencies.
// It listens on a free port of 127.0.0.1, keeps everything in memory or in a folder of its own, and reaches no other host.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Starts it for releases on these hosts, `{github: [host], gitlab: [host]}`, and a repository that it may read, `127.0.0.1:23456`.
 * Says where it is: `http://127.0.0.1:34567`.
 */
export async function start({ github = [], gitlab = [], repository }) {
  const folder = mkdtempSync(join(tmpdir(), 'trefoil-backstage-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  // JSON is YAML. The start folder has to hold a package.json.
  writeFileSync(join(folder, 'package.json'), '{"name": "audit", "version": "0.0.0"}');
  writeFileSync(join(folder, 'app-config.yaml'), JSON.stringify(config({ folder, url, port, github, gitlab, repository })));
  process.chdir(folder);
  process.argv.push('--config', join(folder, 'app-config.yaml'));
  process.env.LOG_LEVEL ??= 'warn';
  // Telemetry would be sent nowhere, but costs time to set up.
  process.env.OTEL_SDK_DISABLED ??= 'true';

  const { createBackend } = require('@backstage/backend-defaults');
  const backend = createBackend();
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
  for (const name of Object.keys(dependencies).filter(name => name.startsWith('@backstage/plugin-'))) {
    backend.add(require(name));
  }
  await backend.start();
  // A dry run says the inputs of the actions that it skips only here, and only then.
  process.env.LOG_LEVEL = 'info';
  return url;
}

// Integrations need credentials to be taken for one; nothing is ever sent to them.
const config = ({ folder, url, port, github, gitlab, repository }) => ({
  app: { title: 'Audit', baseUrl: url },
  organization: { name: 'Audit' },
  backend: {
    baseUrl: url,
    listen: { host: '127.0.0.1', port },
    workingDirectory: folder,
    reading: { allow: [{ host: repository }] },
    auth: { dangerouslyDisableDefaultAuthPolicy: true },
    database: { client: 'better-sqlite3', connection: ':memory:' },
  },
  integrations: {
    github: github.map(host => ({ host, token: 'none', ...(host !== 'github.com' && { apiBaseUrl: `https://${host}/api/v3` }) })),
    gitlab: gitlab.map(host => ({ host, token: 'none', ...(host !== 'gitlab.com' && { apiBaseUrl: `https://${host}/api/v4` }) })),
  },
  catalog: { processingInterval: { hours: 1 }, rules: [{ allow: ['Location', 'Template', 'Component', 'System'] }] },
});

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A server for what the backend reads; says where it is: `127.0.0.1:23456`. */
export const listen = handler =>
  new Promise((resolve, reject) => {
    const server = createServer(handler).on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${server.address().port}`));
  });

// What the app talks to: its own files, and as much of a backend as the wizard asks of one. The forms are those of the questions; what
// is posted is kept and goes nowhere.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript' };
const INDEX = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Audit</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/app.css"></head>
<body><div id="root"></div><script type="module" src="/app.js"></script></body></html>`;

/** The header that says which of several browser pages asks. */
export const PAGE = 'x-audit-page';

/** Starts it. `pages[n]` is what the browser page n is shown: `{template, entities, posted}`; `posted` takes what it posts. */
export async function serve(pages) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const json = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (!path.startsWith('/api/')) return file(path, response);
    const shown = pages[request.headers[PAGE]] ?? {};
    if (path.endsWith('/parameter-schema') && shown.template) return json(200, parameterSchema(shown.template));
    if (path.includes('/entities/by-name/template/') && shown.template) return json(200, shown.template);
    if (path.startsWith('/api/catalog/entities/by-query')) return json(200, found(shown.entities ?? []));
    if (path.startsWith('/api/catalog/entities/by-refs')) return json(200, { items: [] });
    if (path === '/api/scaffolder/v2/tasks' && request.method === 'POST') return take(request, shown);
    return json(404, { error: { name: 'NotFoundError', message: `no ${path}` } });
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

/** The scaffolder's answer: each page with its title beside it. */
const parameterSchema = ({ metadata, spec }) => ({
  title: metadata.title ?? metadata.name,
  description: metadata.description,
  presentation: spec.presentation,
  steps: [spec.parameters].flat().map(schema => ({
    title: schema.title ?? 'Please enter the following information',
    description: schema.description,
    schema,
  })),
});

const found = items => ({ items, totalItems: items.length, pageInfo: {} });

const files = new Map();

const file = (path, response) => {
  const name = extname(path) in TYPES ? path : '/index.html';
  if (name === '/index.html') return response.writeHead(200, { 'content-type': 'text/html' }).end(INDEX);
  try {
    if (!files.has(name)) files.set(name, readFileSync(new URL(`out${name}`, import.meta.url)));
    response.writeHead(200, { 'content-type': TYPES[extname(name)], 'cache-control': 'max-age=86400' }).end(files.get(name));
  } catch {
    response.writeHead(404).end();
  }
};

/** There is no answer: the wizard stays on its last page. */
const take = (request, shown) => {
  const chunks = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    shown.posted?.(JSON.parse(Buffer.concat(chunks)).values);
    request.destroy();
  });
};

// Backstage's scaffolder as a judge of what a form posts: the input check, the dry run, and the inputs of the steps that a dry run skips.
//
// node --no-node-snapshot drive.mjs '{"github": [host], "gitlab": [host]}'
//
// stdin:  a line of JSON for each question:
//         {"id", "load": key, "template": text, "files": {path: text}}   a Template and the files beside it
//         {"id", "ask": key, "values"}                                   what a form posts
//         {"id", "entity": text, "path"}                                 an entity for the catalog, and where it lies
// stdout: a line of JSON for each, in any order: {"id", "accepted", "messages": [text], "manifest"?: text, "folder"?: path}, or {"id", "error": text}
import { createInterface } from 'node:readline';
import jsonschema from 'jsonschema';
import YAML from 'yaml';
import { listen, start } from './backend.mjs';

// Standard output is for answers; whatever the backend says goes beside them.
const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

// More of them at once don't make it faster: the backend has one thread.
const AT_ONCE = 4;

// The catalog looks whether there is something at the places that an entity names.
const entities = new Map();
const repository = await listen((request, response) => {
  const text = entities.get(request.url.slice(1));
  response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/yaml' }).end(text);
});
const base = await start({ ...JSON.parse(process.argv[2] ?? '{}'), repository });
const scaffolder = `${base}/api/scaffolder/v2`;
const actions = await (await fetch(`${scaffolder}/actions`)).json();
const inputs = new Map(actions.map(({ id, schema }) => [id, schema?.input]));
const templates = new Map();

const post = async (url, body) => {
  const reply = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const text = await reply.text();
  return { ok: reply.ok, body: text === '' ? {} : JSON.parse(text) };
};

const load = (key, template, files) => {
  const directoryContents = Object.entries(files).map(([path, text]) => ({ path, base64Content: Buffer.from(text).toString('base64') }));
  templates.set(key, { template: YAML.parse(template), directoryContents });
  return { accepted: true, messages: [] };
};

const entity = async (text, path) => {
  entities.set(path, text);
  const location = `url:http://${repository}/${path}`;
  const { ok, body } = await post(`${base}/api/catalog/validate-entity`, { location, entity: YAML.parse(text) });
  const messages = ok ? [] : reasons(body);
  // Only this question has such a limit: the catalog reads templates of any size.
  const tooLarge = messages.every(message => message.includes('request entity too large'));
  return tooLarge ? { accepted: true, messages: [] } : { accepted: ok, messages };
};

const dryRun = async (key, values) => {
  const { ok, body } = await post(`${scaffolder}/dry-run`, { ...templates.get(key), values, secrets: {} });
  if (!ok) return { accepted: false, messages: reasons(body) };
  const skipped = skippedActions(body.log);
  // Every template opens a pull request: without its inputs a wrong one would go unseen.
  if (skipped.length === 0) throw new Error('the dry run says nothing of the actions that it skips');
  const wrong = skipped.flatMap(wrongInputs);
  const manifest = body.directoryContents.find(({ path }) => path.endsWith('manifest.yaml'));
  return {
    accepted: wrong.length === 0,
    messages: wrong,
    manifest: manifest && Buffer.from(manifest.base64Content, 'base64').toString('utf8'),
    folder: skipped.find(({ input }) => input.targetPath !== undefined)?.input.targetPath,
  };
};

/** The input check says `errors`, the catalog a list or one `error`, and everything else one `error`. */
const reasons = ({ errors, error }) => (errors ?? [error]).map(one => one?.stack?.split('\n')[0] ?? one?.message ?? JSON.stringify(one));

/** A dry run skips actions that change something, and logs their inputs. */
const skippedActions = log => {
  const line = /Running (\S+) in dry-run mode with inputs \(secrets redacted\): ([\s\S]*)$/;
  return log.flatMap(({ body }) => {
    const found = line.exec((body.message ?? '').replace(/\u001b\[\d+m/g, ''));
    return found ? [{ step: body.stepId, action: found[1], input: JSON.parse(found[2]) }] : [];
  });
};

/** It doesn't check them. */
const wrongInputs = ({ step, action, input }) =>
  jsonschema.validate(input, inputs.get(action) ?? false).errors.map(({ stack }) => `inputs: ${step} (${action}): ${stack}`);

const judge = question => {
  if (question.load !== undefined) return load(question.load, question.template, question.files);
  return question.entity === undefined ? dryRun(question.ask, question.values) : entity(question.entity, question.path);
};

const running = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const question = JSON.parse(line);
  const done = (async () => judge(question))()
    .catch(error => ({ error: String(error?.stack ?? error) }))
    .then(said => {
      answer(JSON.stringify({ id: question.id, ...said }) + '\n');
      running.delete(done);
    });
  running.add(done);
  if (running.size >= AT_ONCE) await Promise.race(running);
}
await Promise.all(running);
process.exit(0);

// Backstage's wizard in a browser: values are typed as a user types them, page by page, until it posts them or says what is wrong.
//
// node drive.mjs '{"chromium": path, "pages": number of browser pages}'
//
// stdin:  a line of JSON for each question:
//         {"id", "load": key, "template": text}
//         {"id", "ask": key, "values", "pictures"?: the beginning of the paths of pictures, one for each page}
// stdout: a line of JSON for each, in any order: {"id", "accepted", "messages": [text], "how": "typed" | "prefilled" | "widgets",
//         "posted"?, "defects": [text]}, {"id", "unasked": why} or {"id", "error": text}
//
// `how`: "widgets" is a refusal by what the form doesn't offer; "prefilled" were put in by a link, because a widget couldn't be worked.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import YAML from 'yaml';
import { Impossible } from './plan.mjs';
import { serve } from './server.mjs';
import { Wizard } from './wizard.mjs';

const settings = JSON.parse(process.argv[2]);
const shown = Array.from({ length: settings.pages ?? 2 }, () => ({}));
const base = await serve(shown);
const browser = await chromium.launch({
  executablePath: settings.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
});
const templates = new Map();
const wizards = await Promise.all(shown.map((state, index) => Wizard.open(browser, base, index, state)));

const judge = async (wizard, { ask, values, pictures }) => {
  try {
    return await wizard.fill(templates.get(ask), values, pictures);
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    const why = error.message;
    return error.refused ? { accepted: false, messages: [why], how: 'widgets', defects: [] } : { unasked: why };
  }
};

const waiting = [];
const tell = (id, said) => process.stdout.write(JSON.stringify({ id, ...said }) + '\n');
const running = new Set();

/** Gives the questions that wait to the wizards that are free. */
const work = () => {
  while (waiting.length > 0 && wizards.length > 0) {
    const question = waiting.shift();
    const wizard = wizards.shift();
    const done = judge(wizard, question)
      .catch(error => ({ error: String(error?.stack ?? error) }))
      .then(said => {
        tell(question.id, said);
        wizards.push(wizard);
        running.delete(done);
        work();
      });
    running.add(done);
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const question = JSON.parse(line);
  if (question.load === undefined) {
    waiting.push(question);
    work();
  } else {
    templates.set(question.load, YAML.parse(question.template));
    tell(question.id, { accepted: true, messages: [] });
  }
}
// Who asks no more doesn't wait for answers either.
await browser.close();
process.exit(0);

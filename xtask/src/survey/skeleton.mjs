// Renders manifest skeletons with the template engines of Backstage, set up as its scaffolder does.
//
// stdin:  a line of JSON for each skeleton: {"id", "skeleton", "cases": [{"params", "tenant", "name"}]}
// stdout: a line of JSON for each: {"id", "cases": [{"nunjucks": {"text" | "error"}, "nunjitsu": {…}, "same": bool,
//         "yaml11": …, "yaml12": …, "error"?}]}
// `yaml11` and `yaml12` are the documents that readers of YAML 1.1 and 1.2 find in the text of nunjucks.
import { createInterface } from 'node:readline';
import nunjucks from 'nunjucks';
import { createTemplateRenderer } from 'nunjitsu';
import YAML from 'yaml';

const parseEntityRef = (ref, context = {}) => {
  const match = /^([^:/]+:)?([^:/]+\/)?([^:/]+)$/.exec(String(ref).trim());
  if (!match) throw new TypeError(`Entity reference "${ref}" was not on the form [<kind>:][<namespace>/]<name>`);
  const kind = match[1]?.slice(0, -1) ?? context.defaultKind;
  if (!kind) throw new TypeError(`Entity reference "${ref}" had missing or empty kind`);
  return { kind, namespace: match[2]?.slice(0, -1) ?? context.defaultNamespace ?? 'default', name: match[3] };
};
const pick = (value, key) => value?.[key];
const filters = { parseEntityRef, pick };

const environment = new nunjucks.Environment(null, {
  autoescape: false,
  tags: { variableStart: '${{', variableEnd: '}}' },
});
for (const [name, filter] of Object.entries(filters)) environment.addFilter(name, filter);
const renderer = createTemplateRenderer({ filters, allowRegexExecution: true });

const attempt = render => {
  try {
    return { text: render() };
  } catch (error) {
    return { error: String(error?.message ?? error) };
  }
};

const read = (text, version) => YAML.parse(text, { version, maxAliasCount: 0 });

const judge = (skeleton, values) => {
  const result = {
    nunjucks: attempt(() => environment.renderString(skeleton, { values })),
    nunjitsu: attempt(() => renderer.render(skeleton, { values })),
  };
  result.same = result.nunjucks.text !== undefined && result.nunjucks.text === result.nunjitsu.text;
  try {
    if (result.nunjucks.text !== undefined) {
      result.yaml11 = read(result.nunjucks.text, '1.1');
      result.yaml12 = read(result.nunjucks.text, '1.2');
    }
  } catch (error) {
    result.error = String(error?.message ?? error);
  }
  return result;
};

for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  const { id, skeleton, cases } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ id, cases: cases.map(values => judge(skeleton, values)) }) + '\n');
}

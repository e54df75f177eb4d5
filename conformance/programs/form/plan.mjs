// What a user does on the pages of a form so that it says some values: pure, from the pages' schemas.

/** The form can't be brought to say a value. `refused`: because the schema forbids it; otherwise because no widget has it. */
export class Impossible extends Error {
  constructor(id, why, refused) {
    super(`${id}: ${why}`);
    this.refused = refused;
  }
}

const refused = (id, why) => new Impossible(id, why, true);
const unsayable = (id, why) => new Impossible(id, why, false);

const ONE_LINE = 'an input of one line has no line breaks';

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const shown = value => JSON.stringify(value)?.slice(0, 60);

/** The steps of each page. */
export function plan(pages, values) {
  const said = new Set();
  const steps = pages.map(page => {
    const page_steps = [];
    fields(page, values, { id: 'root', at: '' }, { steps: page_steps, said });
    return page_steps;
  });
  everySaid(values, '', said);
  return steps;
}

const everySaid = (value, at, said) => {
  if (at !== '' && !said.has(at)) throw unsayable(at, 'no page has a field for it');
  if (Array.isArray(value)) value.forEach((item, index) => everySaid(item, `${at}/${index}`, said));
  if (isObject(value)) Object.entries(value).forEach(([key, inner]) => everySaid(inner, `${at}/${key}`, said));
};

const below = ({ id, at }, key) => ({ id: `${id}_${key}`, at: `${at}/${key}` });

/** What this page has of an object: its fields, and those that an answer brings. */
function fields(schema, values, place, out) {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (key in values) one(property, values[key], below(place, key), out);
  }
  for (const [key, { oneOf = [] }] of Object.entries(schema.dependencies ?? {})) {
    const admits = branch => branch.properties?.[key]?.enum?.some(answer => same(answer, values[key]));
    for (const branch of oneOf.filter(admits)) {
      const { [key]: _question, ...brought } = branch.properties;
      fields({ ...branch, properties: brought }, values, place, out);
    }
  }
  if (isObject(schema.additionalProperties)) entries(schema, values, place, out);
}

function entries(schema, values, place, out) {
  const keys = Object.keys(values).filter(key => !(key in (schema.properties ?? {})) && !out.said.has(below(place, key).at));
  if (keys.includes('')) throw unsayable(place.id, 'an entry can\'t have an empty name');
  out.steps.push({ act: 'entries', id: place.id, keys });
  for (const key of keys) one(schema.additionalProperties, values[key], below(place, key), out);
}

function one(schema, value, place, out) {
  const { id, at } = place;
  const { steps, said } = out;
  said.add(at);
  const options = schema.enum ?? schema.oneOf?.map(option => option.const);
  const types = [schema.type ?? []].flat();
  if (schema['ui:field'] === 'EntityPicker') {
    if (typeof value !== 'string') throw refused(id, `picks a reference, not ${shown(value)}`);
    if (/[\r\n]/.test(value)) throw unsayable(id, ONE_LINE);
    steps.push({ act: 'pick', id, value, free: schema['ui:options']?.allowArbitraryValues ?? true });
  } else if (schema.anyOf) {
    const index = schema.anyOf.findIndex(variant => fits(variant, value));
    if (index < 0) throw refused(id, `none of its variants takes ${shown(value)}`);
    steps.push({ act: 'choose', id: `${id}__anyof_select`, index, radio: false });
    one(schema.anyOf[index], value, place, out);
  } else if (options) {
    const index = options.findIndex(option => same(option, value));
    if (index < 0) throw refused(id, `offers ${options.map(shown).join(', ')}, not ${shown(value)}`);
    steps.push({ act: 'choose', id, index, radio: schema['ui:widget'] === 'radio' });
  } else if (!types.some(type => isOf(type, value)) && (types.length > 0 || !isObject(value))) {
    throw refused(id, `is for ${types.join(' or ')}, not ${shown(value)}`);
  } else if (isObject(value)) {
    fields(schema, value, place, out);
  } else if (Array.isArray(value)) {
    list(schema, value, place, out);
  } else if (typeof value === 'boolean') {
    if (schema['ui:widget'] === 'radio') steps.push({ act: 'choose', id, index: value ? 0 : 1, radio: true });
    else steps.push({ act: 'check', id, value, sure: schema.default === false });
  } else {
    text(schema, types, value, id, steps);
  }
}

function list(schema, value, place, out) {
  const choice = schema.items?.enum;
  if (choice && schema.uniqueItems) {
    const indices = value.map(item => choice.findIndex(option => same(option, item)));
    if (indices.includes(-1)) throw refused(place.id, `offers ${choice.map(shown).join(', ')}, not ${shown(value)}`);
    if (new Set(indices).size < indices.length) throw refused(place.id, 'each can be chosen once');
    value.forEach((_, index) => out.said.add(below(place, index).at));
    out.steps.push({ act: 'several', id: place.id, indices });
    return;
  }
  out.steps.push({ act: 'items', id: place.id, count: value.length });
  value.forEach((item, index) => one(schema.items, item, below(place, index), out));
}

function text(schema, types, value, id, steps) {
  if (value === '') throw unsayable(id, 'an empty input says nothing, not an empty text');
  const lines = schema['ui:widget'] === 'textarea';
  if (typeof value === 'string' && !lines && /[\r\n]/.test(value)) throw unsayable(id, ONE_LINE);
  if (typeof value === 'string' && lines && value.includes('\r')) throw unsayable(id, 'a browser makes a line break of a carriage return');
  const numbers = types.includes('integer') || types.includes('number');
  if (typeof value === 'string' && numbers && value.trim() !== '' && !Number.isNaN(Number(value))) {
    throw unsayable(id, 'makes a number of a text that looks like one');
  }
  steps.push({ act: 'text', id, value: String(value) });
}

const isOf = (type, value) => {
  switch (type) {
    case 'array': return Array.isArray(value);
    case 'object': return isObject(value);
    case 'integer':
    case 'number': return typeof value === 'number';
    default: return typeof value === type;
  }
};

const fits = (variant, value) =>
  variant.enum ? variant.enum.some(option => same(option, value)) : [variant.type ?? []].flat().some(type => isOf(type, value));

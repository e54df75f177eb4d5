// A user's hands: the steps of a plan in the browser.
import { Impossible } from './plan.mjs';

const byId = id => `[id=${JSON.stringify(id)}]`;

/** Does one step. What the page doesn't let a user do is `Impossible`. */
export function act(page, step) {
  const { id } = step;
  switch (step.act) {
    case 'check': return check(page, id, step.value, step.sure);
    case 'choose': return step.radio ? page.locator(byId(`${id}-${step.index}`)).check() : choose(page, id, [step.index], false);
    case 'several': return choose(page, id, step.indices, true);
    case 'entries': return entries(page, id, step.keys);
    case 'items': return items(page, id, step.count);
    case 'pick': return pick(page, id, step.value, step.free);
    default: return text(page, id, step.value);
  }
}

async function text(page, id, value) {
  const input = page.locator(byId(id));
  await input.fill(value);
  const said = await input.inputValue();
  if (said !== value && Number(said) !== Number(value)) throw new Impossible(id, `the input makes ${JSON.stringify(said)} of it`, false);
  return input;
}

/** A box that nobody touched may say nothing at all. */
async function check(page, id, value, sure) {
  const box = page.locator(byId(id));
  if (!value && !sure) await box.check();
  await box.setChecked(value);
}

async function choose(page, id, indices, several) {
  await page.locator(byId(id)).click();
  for (const index of indices) await page.locator(`[role=listbox] [data-value="${index}"]`).click();
  // A list from which several can be chosen stays open.
  if (several) await page.keyboard.press('Escape');
  await page.locator('[role=listbox]').waitFor({ state: 'detached' });
}

async function pick(page, id, value, free) {
  const input = page.locator(byId(id));
  if (!(await input.isEnabled())) return;
  if (free) return (await text(page, id, value)).blur();
  await input.fill(value.split('/').at(-1));
  await page.locator('[role=option]').first().click();
}

/** The parts of a list that are its own, not its items'. */
const panel = (page, id) => page.locator(byId(`${id}__title`)).locator('xpath=ancestor::*[contains(@class, "MuiPaper-root")][1]');
const ITEM = ':scope > .MuiBox-root > .MuiGrid-container.MuiGrid-align-items-xs-center';
const ADD = ':scope > .MuiBox-root > .MuiGrid-container > .MuiGrid-item > .MuiBox-root > .array-item-add';

async function items(page, id, count) {
  const list = panel(page, id);
  await list.waitFor();
  let there = await list.locator(ITEM).count();
  for (; there > count; there -= 1) {
    const last = list.locator(ITEM).last().locator(':scope > .MuiGrid-item').last();
    await last.locator('button[title=Remove]').click();
    await list.locator(ITEM).nth(there - 1).waitFor({ state: 'detached' });
  }
  for (; there < count; there += 1) {
    const add = list.locator(ADD);
    if ((await add.count()) === 0) throw new Impossible(id, `no more than ${there} can be added`, true);
    await add.click();
    await list.locator(ITEM).nth(there).waitFor();
  }
}

const NEW = 'newKey';

async function entries(page, id, keys) {
  const group = page.locator(`${byId(`${id}__title`)} ~ .MuiGrid-container`).first();
  await group.waitFor({ state: 'attached' });
  const names = group.locator(':scope > .MuiGrid-item > .MuiGrid-container > .MuiGrid-item > .MuiTextField-root input[id$="-key"]');
  for (const name of await names.evaluateAll(inputs => inputs.map(input => input.value))) {
    if (!keys.includes(name)) await group.locator(`:scope > .MuiGrid-item:has(${byId(`${id}_${name}-key`)}) button[title=Remove]`).click();
  }
  const there = await names.evaluateAll(inputs => inputs.map(input => input.value));
  // A new entry has that name until it is given its own.
  const missing = keys.filter(key => !there.includes(key)).sort((a, b) => (a === NEW) - (b === NEW));
  for (const key of missing) {
    const add = group.locator(':scope > .MuiGrid-container .object-property-expand');
    if ((await add.count()) === 0) throw new Impossible(id, `no more than ${await names.count()} can be added`, true);
    await add.click();
    const name = page.locator(byId(`${id}_${NEW}-key`));
    await name.fill(key);
    await name.blur();
    if (key !== NEW) await page.locator(byId(`${id}_${key}-key`)).waitFor();
  }
}

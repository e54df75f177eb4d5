// One page of the browser with the wizard in it.
import { act } from './act.mjs';
import { Impossible, plan } from './plan.mjs';
import { PAGE } from './server.mjs';

/** How long a page may take to say something, in ms. Nothing waits as long unless something is wrong. */
const PATIENCE = 15_000;
const STEP = 3_000;

export class Wizard {
  static async open(browser, base, index, state) {
    const context = await browser.newContext({ extraHTTPHeaders: { [PAGE]: String(index) }, viewport: { width: 1100, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP);
    const wizard = new Wizard(base, state, page);
    page.on('pageerror', error => wizard.hear(error));
    return wizard;
  }

  constructor(base, state, page) {
    Object.assign(this, { base, state, page, defects: [], deaf: false, broken: new Map() });
  }

  hear(error) {
    if (!this.deaf) this.defects.push(`page: ${String(error?.message ?? error)}`);
  }

  /** Types the values, and goes through the pages. */
  async fill(template, values, pictures) {
    const pages = [template.spec.parameters].flat();
    const steps = plan(pages, values);
    if (this.broken.has(template)) return this.broken.get(template);
    this.defects = [];
    this.state.template = template;
    this.state.entities = entities(values);
    try {
      return await this.attempt(template, steps, pictures, 'typed');
    } catch (error) {
      if (error instanceof Impossible) throw error;
      const why = `${this.doing}: ${words(error)}`;
      return await this.prefilled(template, values, pages, pictures, why);
    }
  }

  /** The second attempt. What fails then as well is the form's fault. */
  async prefilled(template, values, pages, pictures, why) {
    try {
      await this.page.goto('about:blank');
      return { ...(await this.attempt(template, pages.map(() => []), pictures, 'prefilled', values)), untyped: why };
    } catch (error) {
      const shows = await this.page.innerText('body').catch(words);
      const messages = [`the form doesn't work: ${why}; ${this.doing}: ${words(error)}; it shows ${JSON.stringify(shows.slice(0, 300))}`];
      const said = { accepted: false, messages, how: 'prefilled', untyped: why, defects: this.defects };
      if (this.doing === 'begin') this.broken.set(template, said);
      return said;
    }
  }

  async attempt(template, steps, pictures, how, values) {
    this.doing = 'begin';
    await this.show(template, values);
    return { ...(await this.through(template, steps, pictures)), how, defects: this.defects };
  }

  /** The wizard from its beginning. An app that shows the same one is kept, and led back to it. */
  async show({ metadata }, values) {
    const path = `/create/templates/default/${metadata.name}`;
    const query = values === undefined ? '' : `?formData=${encodeURIComponent(JSON.stringify(values))}`;
    if (query === '' && this.page.url() === this.base + path) {
      await this.page.evaluate(go, '/nowhere');
      await this.page.getByText('PAGE NOT FOUND').waitFor();
      this.deaf = false;
      await this.page.evaluate(go, path);
    } else {
      this.deaf = false;
      await this.page.goto(this.base + path + query, { timeout: PATIENCE });
    }
    await this.page.locator('form button[type=submit]').waitFor({ timeout: PATIENCE });
  }

  async through(template, steps, pictures) {
    const { page } = this;
    for (const [index, todo] of steps.entries()) {
      for (const step of todo) {
        this.doing = `${step.act} ${step.id}`;
        await act(page, step);
      }
      if (pictures) await page.screenshot({ path: `${pictures}-${index + 1}.png`, fullPage: true });
      this.defects.push(...(await page.$$eval('.config-error, .unsupported-field', boxes => boxes.map(box => `page: ${box.innerText}`))));
      // A browser's own check comes first, and what it says is in no text of the page.
      const native = await page.$$eval('form :invalid', all => all.filter(e => e.validationMessage).map(e => `${e.id}: ${e.validationMessage}`));
      if (native.length > 0) return { accepted: false, messages: native };
      this.doing = `the button of page ${index + 1}`;
      await page.locator('form button[type=submit]').click();
      const messages = await page.waitForFunction(reaction, index, { timeout: PATIENCE }).then(
        handle => handle.jsonValue(),
        () => ['the page neither goes on nor says why'],
      );
      if (messages.length > 0) {
        if (pictures) await page.screenshot({ path: `${pictures}-${index + 1}-refused.png`, fullPage: true });
        return { accepted: false, messages };
      }
    }
    if (pictures) await page.screenshot({ path: `${pictures}-review.png`, fullPage: true });
    const posted = new Promise((resolve, reject) => {
      this.state.posted = values => {
        // That nobody answers is an error to the page, and no defect.
        this.deaf = true;
        resolve(values);
      };
      setTimeout(() => reject(new Error('the last button posts nothing')), PATIENCE).unref();
    });
    // If the button can't be pressed, that is what is said.
    posted.catch(() => {});
    this.doing = 'the last button';
    const label = template.spec.presentation?.buttonLabels?.createButtonText ?? 'Create';
    await page.getByRole('button', { name: label, exact: true }).click();
    return { accepted: true, messages: [], posted: await posted };
  }
}

/** The first line of an error. */
const words = error => String(error?.message ?? error).split('\n')[0];

/** Runs in the page: to another place of the app. */
const go = path => {
  history.pushState({}, '', path);
  dispatchEvent(new PopStateEvent('popstate', { state: {} }));
};

/** Runs in the page: what it says after the button, `[]` if it went on, nothing while it hasn't decided. */
const reaction = index => {
  if (document.querySelectorAll('.MuiStepIcon-completed').length > index) return [];
  const fields = [...document.querySelectorAll('form [id$="__error"]')].map(e => `${e.id.replace(/__error$/, '')}: ${e.innerText}`);
  const list = [...document.querySelectorAll('form .MuiListItemText-primary')].map(e => e.innerText);
  if (fields.length > 0 || list.length > 0) return fields.length > 0 ? fields : list;
  return document.querySelector('form') ? undefined : [`the page crashed: ${document.body.innerText.slice(0, 300)}`];
};

/** What the catalog has: all that the values refer to, and others. */
const entities = values => {
  const references = JSON.stringify(values).match(/[a-z]+:[a-z0-9-]+\/[A-Za-z0-9._-]+/g) ?? [];
  return [...new Set([...references, 'component:default/other-tenant', 'component:default/third-tenant'])].map(reference => {
    const [, kind, namespace, name] = /^([a-z]+):([a-z0-9-]+)\/(.*)$/.exec(reference);
    return {
      apiVersion: 'backstage.io/v1alpha1',
      kind: kind[0].toUpperCase() + kind.slice(1),
      metadata: { namespace, name },
      spec: { type: 'tenant', system: 'tenant' },
    };
  });
};

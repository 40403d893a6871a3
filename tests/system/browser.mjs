// SPDX-License-Identifier: AGPL-3.0-or-later
// One recipient in headless Chromium, JavaScript off: open the link, submit the
// forms, read the pages.  Talks to the test over lines of JSON on stdin and stdout.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox', '--disable-gpu'] : ['--disable-gpu'],
});
const context = await browser.newContext({ locale: 'de-DE', ignoreHTTPSErrors: true, javaScriptEnabled: false, acceptDownloads: true });
const page = await context.newPage();
const verbs = {
  go: async ({ url }) => void (await page.goto(url)),
  click: async ({ name }) => void (await page.getByRole('button', { name }).first().click()),
  fill: async ({ label, text }) => void (await page.getByLabel(label).fill(text)),
  text: async () => page.locator('body').innerText(),
  url: async () => page.url(),
  shot: async ({ path }) => void (await page.screenshot({ path, fullPage: true })),
  download: async ({ name }) => {
    const [d] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).first().click()]);
    return d.path();
  },
  end: async () => void (await browser.close()),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { verb, ...rest } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: (await verbs[verb](rest)) ?? null }));
  } catch (e) {
    console.log(JSON.stringify({ error: String(e) }));
  }
  if (verb === 'end') process.exit(0);
}

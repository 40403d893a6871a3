// SPDX-License-Identifier: AGPL-3.0-or-later
// Loads one recipient page in headless Chromium and measures it.  usage: recipient_page.mjs JSON
//   url, cookie    the page, and the session that may see it
//   js             JavaScript on (default) or off
//   width, dark    the viewport and the colour scheme
//   throttle       slow 4G (1.6 Mbit/s, 150 ms) and a CPU four times slower
//   click          a link to click, by name; paste: text for the code field
//   until          wait until the page shows this text
//   shot           a file for the picture
// Prints one line of JSON: lcp, cls, axe, requests, weight (bytes as they came), blocking (what the first
// picture waited for), pictures (of files), said (console), text, code.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const web = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = web('playwright-core');
const want = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox', '--disable-gpu'] : ['--disable-gpu'],
});
const context = await browser.newContext({
  locale: 'de-DE', ignoreHTTPSErrors: true, javaScriptEnabled: want.js ?? true, acceptDownloads: true,
  colorScheme: want.dark ? 'dark' : 'light', viewport: { width: want.width ?? 1280, height: 800 },
});
if (want.cookie)
  await context.addCookies([{ name: '__Host-geleit-r', value: want.cookie, url: new URL(want.url).origin, secure: true }]);
const page = await context.newPage();
const said = [];
let requests = 0;
page.on('console', (m) => said.push(m.text()));
page.on('pageerror', (e) => said.push(String(e)));
page.on('request', () => requests++);
if (want.js !== false) {
  await page.addInitScript(() => {
    window.measured = { lcp: 0, cls: 0 };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.measured.lcp = entry.startTime;
    }).observe({ type: 'largest-contentful-paint', buffered: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.measured.cls += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
}
if (want.throttle) {
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions',
    { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 });
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
}
const result = {};
try {
  await page.goto(want.url, { waitUntil: 'load' });
  if (want.paste) {
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.setData('text', text);
      document.getElementById('code').dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    }, want.paste);
    result.code = await page.locator('#code').inputValue();
  }
  if (want.click) {
    const [download] = await Promise.all([
      page.waitForEvent('download'), page.getByRole('link', { name: want.click }).first().click()]);
    result.bytes = readFileSync(await download.path()).length;
  }
  if (want.until) await page.getByText(want.until).first().waitFor({ timeout: 60000 });
  else if (want.js !== false) await page.waitForTimeout(want.throttle ? 3000 : 500);
  const areDrawn = () => page.evaluate(() => [...document.querySelectorAll('img.picture')].every((x) => x.complete && x.naturalWidth > 0));
  for (let i = 0; i < 600 && want.js !== false && !(await areDrawn()); i++) await page.waitForTimeout(100);
  if (want.shot) await page.screenshot({ path: want.shot, fullPage: true });
  result.text = await page.locator('body').innerText();
  if (want.js !== false) {
    Object.assign(result, await page.evaluate(() => window.measured));
    Object.assign(result, await page.evaluate(() => {
      const files = performance.getEntriesByType('resource');
      const sum = (of) => of.reduce((n, r) => n + r.encodedBodySize, 0);
      const named = (end) => sum(files.filter((r) => new URL(r.name).pathname.endsWith(end)));
      return {
        weight: { all: sum(performance.getEntriesByType('navigation')) + sum(files), script: named('.js'), style: named('.css'), font: named('.woff2') },
        blocking: files.filter((r) => r.renderBlockingStatus === 'blocking').map((r) => new URL(r.name).pathname),
      };
    }));
    result.pictures = await page.evaluate(() => [...document.querySelectorAll('img.picture')].map((i) =>
      ({ path: new URL(i.src).pathname, alt: i.alt, seen: i.complete && i.naturalWidth > 0 })));
    result.wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    // through the debugger, which no policy of the page holds back
    await page.evaluate(readFileSync(web.resolve('axe-core/axe.min.js'), 'utf8'));
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    result.axe = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`);
  }
} catch (e) {
  result.error = String(e);
}
console.log(JSON.stringify({ ...result, requests, said }));
await browser.close();

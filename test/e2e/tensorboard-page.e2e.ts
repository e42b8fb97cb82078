import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fetchWebFiles, webFilesPath } from '@pentaprism/local';
import { eventFile, eventually } from '@pentaprism/testing';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { decodedPictures, findChromium, launchChromium } from './support/chromium.js';
import { json, send } from './support/http.js';
import { startPrefixProxy } from './support/prefix-proxy.js';
import { startPrivateSystem, type PrivateSystem } from './support/stack.js';

/** Screenshots of the last run are kept here. */
const SCREENSHOTS = path.resolve(import.meta.dirname, '../../.nx/screenshots');
const PREFIX = '/user/ada/proxy/8080';
const STEPS = 12;

const chromium = findChromium();
const directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-page-'));
const missing = await whatIsMissing();

/** Returns why the page cannot be tested on this machine. */
async function whatIsMissing(): Promise<string> {
  if (chromium === undefined) return 'skipped: there is no Chromium here, such as the package chromium of Debian';
  try {
    await fetchWebFiles(webFiles(), { env: process.env, logDirectory: directory });
    return '';
  } catch (error) {
    return `skipped: ${(error as Error).message}`;
  }
}

const described = missing ? describe.skip : describe;

described(`TensorBoard's unchanged frontend in Chromium${missing && ` (${missing})`}`, () => {
  let browser: Browser;
  let system: PrivateSystem;
  beforeAll(async () => {
    await writeRuns(path.join(directory, 'runs'));
    [browser, system] = await Promise.all([
      launchChromium(chromium as string),
      startPrivateSystem({ TENSORBOARD_LOGDIR: path.join(directory, 'runs'), TENSORBOARD_WEBFILES: webFiles() }),
    ]);
    await eventually(async () => expect(await tagsOf(system.url)).toHaveLength(4), { timeoutMs: 30_000 });
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), system?.stop()]);
    rmSync(directory, { recursive: true });
  });

  /** Opens an address and returns the widths of the pictures that it shows. */
  async function widthsAt(url: string, name: string, options: BrowserContextOptions = {}): Promise<number[]> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    const refusals = refusalsOf(page);
    try {
      await page.goto(url);
      const pictures = await decodedPictures(page, 5);
      expect(refusals).toEqual([]);
      return pictures.map(({ naturalWidth }) => naturalWidth).sort((a, b) => a - b);
    } finally {
      mkdirSync(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: path.join(SCREENSHOTS, `tensorboard-${name}.png`) });
      await page.close();
    }
  }

  it('shows the newest image of each tag and sample without a key', async () => {
    expect(await widthsAt(`${system.url}/tensorboard/#images`, 'page')).toEqual(WIDTHS);
  });

  it('works below the prefix of a proxy, in a frame', async () => {
    const frame = `<iframe src="${PREFIX}/tensorboard/#images" width="1200" height="850"></iframe>`;
    const proxy = await startPrefixProxy(system.url, PREFIX, frame);
    try {
      expect(await widthsAt(proxy.origin, 'frame')).toEqual(WIDTHS);
      const outside = proxy.paths.filter((each) => each !== '/' && !each.startsWith(PREFIX));
      // The bundle names three fonts from the root. Others take their place.
      expect(outside.filter((each) => !/^\/(?:font-roboto\/|favicon\.ico$)/.test(each))).toEqual([]);
    } finally {
      proxy.close();
    }
  });

  it('shows the images of an experiment to a browser that answers the challenge with a key, and to no other', async () => {
    const gateway = system.stack.parts.get('gateway');
    Object.assign(gateway?.spec.env ?? {}, { OPEN_DIALECTS: 'none' });
    await gateway?.restart();
    const url = `${system.url}/tensorboard/experiment/any/#images`;
    const answer = await send('GET', url.replace('#images', ''));
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/^Basic /)]);
    const [username = '', password = ''] = system.ownerKey.split('.');
    expect(await widthsAt(url, 'with-a-key', { httpCredentials: { username, password } })).toEqual(WIDTHS);
  });
});

/** Collects what the page was not allowed to load, and answers that no page of TensorBoard expects. */
function refusalsOf(page: Page): string[] {
  const refusals: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) refusals.push(message.text());
  });
  page.on('response', (response) => {
    const isExpected = response.status() < 400 || response.status() === 401 || response.request().method() === 'POST';
    if (!isExpected && !/font-roboto|favicon/.test(response.url()))
      refusals.push(`${response.status()} ${response.url()}`);
  });
  return refusals;
}

/** Widths of the pictures that the page shows first: the newest of each tag, and both samples of the last. */
const WIDTHS = [30, 40, 50, 60, 100 + STEPS];

/** Pictures of all formats that browsers decode, of which WebP has no media type of its own here. */
async function writeRuns(runs: string): Promise<void> {
  const picture = (width: number) =>
    sharp({ create: { width, height: 20, channels: 3, background: { r: width, g: 200 - width, b: 90 } } });
  const png = (width: number) => picture(width).png().toBuffer();
  const event = (step: number, tag: string, ...images: Buffer[]) => ({
    wallTime: 1_700_000_000 + step,
    step,
    values: [{ tag, images, width: 1, height: 1, plugin: 'images' }],
  });
  const growing = [];
  for (let step = 1; step <= STEPS; step++) growing.push(event(step, 'shapes/growing', await png(100 + step)));
  const others = [
    event(1, 'shapes/jpeg', await picture(30).jpeg().toBuffer()),
    event(1, 'shapes/webp', await picture(40).webp().toBuffer()),
    event(1, 'shapes/two', await picture(50).gif().toBuffer(), await png(60)),
  ];
  const version = { wallTime: 1_700_000_000, fileVersion: 'brain.Event:2' };
  for (const [run, events] of Object.entries({ train: growing, validation: others })) {
    mkdirSync(path.join(runs, run), { recursive: true });
    writeFileSync(path.join(runs, run, 'events.out.tfevents.1700000000.host'), eventFile(version, ...events));
  }
}

async function tagsOf(origin: string): Promise<string[]> {
  const runs = json<Record<string, object>>(await send('GET', `${origin}/data/plugin/images/tags`));
  return Object.values(runs).flatMap((tags) => Object.keys(tags));
}

/** Where the launcher keeps them. */
function webFiles(): string {
  return process.env['TENSORBOARD_WEBFILES'] || webFilesPath(process.env, directory);
}

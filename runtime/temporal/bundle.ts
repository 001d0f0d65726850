import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';
import { messageOf } from '../../schemas/index.ts';
import { workflowsPath } from './worker.ts';

/** What a prebuilt bundle was made of. It is used only where all of it is the same. */
type Manifest = {
  /** SHA-256 over names and contents of the workflow sources. */
  readonly sources: string;
  /** Version of the SDK, which must be the one that runs it. */
  readonly sdk: string;
  /** SHA-256 of the bundle itself. */
  readonly bundle: string;
};

export type PreparedBundle = WorkflowBundle & {
  /** Why it was bundled just now; null when the prebuilt one fits. */
  readonly madeNow: string | null;
};

/** Beside this program when it was built, in dist/ of the sources. */
const bundlePath = (): string =>
  fileURLToPath(
    new URL(extname(import.meta.filename) === '.ts' ? '../../dist/workflow-bundle.js' : '../../workflow-bundle.js', import.meta.url),
  );
const manifestPath = (path: string): string => `${path}on`;

/** Rooms that workflow code is made of. */
const ROOMS = ['workflows', 'flow', 'evaluation', 'schemas'];

/** The workflow code for a worker: the prebuilt one where it fits the sources, else made now, which takes some seconds. */
export async function prepareBundle(path: string = bundlePath()): Promise<PreparedBundle> {
  const [prebuilt, sources] = await Promise.all([readPrebuilt(path), hashOfSources()]);
  if ('fault' in prebuilt) return { code: await bundleNow(), madeNow: prebuilt.fault };
  const { manifest, code } = prebuilt;
  if (manifest.sdk !== sdkVersion())
    return { code: await bundleNow(), madeNow: `it was made for version ${manifest.sdk} of Temporal's SDK` };
  if (manifest.sources !== sources) return { code: await bundleNow(), madeNow: 'it was made of other workflow sources' };
  return { code, madeNow: null };
}

/** Bundles the workflow code and writes it for later starts. @returns its size in bytes */
export async function writeBundle(
  path: string = bundlePath(),
): Promise<{ readonly path: string; readonly bytes: number; readonly sources: string }> {
  const sources = await hashOfSources();
  const code = await bundleNow();
  const manifest: Manifest = { sources, sdk: sdkVersion(), bundle: sha256(code) };
  await mkdir(dirname(path), { recursive: true });
  await replace(path, code);
  await replace(manifestPath(path), `${JSON.stringify(manifest, null, 2)}\n`);
  return { path, bytes: Buffer.byteLength(code), sources };
}

async function bundleNow(): Promise<string> {
  const path = workflowsPath();
  // Pure code without state: evaluated once for a worker and not again for every run.
  const preloadModules = ['../flow/core', 'stack-limit'].map((module) => resolve(dirname(path), `${module}${extname(path)}`));
  const { code } = await bundleWorkflowCode({ workflowsPath: path, preloadModules, logger: new DefaultLogger('ERROR') });
  return code;
}

async function readPrebuilt(path: string): Promise<{ readonly manifest: Manifest; readonly code: string } | { readonly fault: string }> {
  try {
    const [text, code] = await Promise.all([readFile(manifestPath(path), 'utf8'), readFile(path, 'utf8')]);
    const manifest = JSON.parse(text) as Manifest;
    return manifest.bundle === sha256(code) ? { manifest, code } : { fault: 'it is damaged' };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { fault: missing ? 'there is none' : `it cannot be read: ${messageOf(error)}` };
  }
}

/** Nobody reads half of it. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, text);
  await rename(fresh, path);
}

async function hashOfSources(): Promise<string> {
  const extension = extname(import.meta.filename);
  const root = dirname(dirname(workflowsPath()));
  const files = (await Promise.all(ROOMS.map((room) => sourcesBelow(resolve(root, room), extension)))).flat();
  const hash = createHash('sha256');
  for (const file of files.toSorted()) {
    const text = await readFile(file);
    hash.update(`${relative(root, file).replaceAll('\\', '/')}\0${text.length}\0`).update(text);
  }
  return hash.digest('hex');
}

async function sourcesBelow(folder: string, extension: string): Promise<readonly string[]> {
  const items = await readdir(folder, { recursive: true, withFileTypes: true });
  return items
    .filter((item) => item.isFile() && item.name.endsWith(extension) && !/\.(?:test|contract)\.[jt]s$/.test(item.name))
    .map((item) => resolve(item.parentPath, item.name));
}

function sdkVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('@temporalio/worker/package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

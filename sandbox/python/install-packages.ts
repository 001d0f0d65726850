import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, RiskflowError } from '../../schemas/core.ts';
import { findInterpreter, type Interpreter } from './interpreter.ts';
import { readLockFile, type LockFile } from './lock-file.ts';
import { readSet, setsFolder, type PackageSet } from './packages.ts';
import { lastLine, runProgram } from './run-program.ts';

export type InstallRequest = {
  /** The lock file: its text, and its name for messages. */
  readonly lock: { readonly text: string; readonly name: string };
  readonly dataFolder: string;
  /** A program or a path. @default python3 */
  readonly interpreter?: string | undefined;
  /** For PATH, HOME, the settings of pip and proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The index that packages come from, in place of the one that pip is set up with. */
  readonly index?: string | undefined;
  /** A folder with wheels. */
  readonly findLinks?: string | undefined;
  /** Nothing is fetched: only what lies in `findLinks`. */
  readonly offline?: boolean | undefined;
  /** Told what is going on, a sentence each. */
  readonly onProgress?: ((sentence: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type Installed = { readonly set: PackageSet; /** Nothing had to be installed. */ readonly wasThere: boolean };

const TIMEOUT_MS = 30 * 60_000;

/**
 * Installs the packages of a lock file for Python code nodes, and makes them the ones in force for processes that start from now on. They
 * are built aside and then moved to their place, so that nobody ever sees a part of them. Only wheels are taken: nothing of a package
 * is run while it is installed. @throws RiskflowError
 */
export async function installPackages(request: InstallRequest): Promise<Installed> {
  const lock = readLockFile(request.lock.text, request.lock.name);
  if (request.offline === true && request.findLinks === undefined)
    throw new RiskflowError('usage', '--offline needs a folder with the wheels: --find-links FOLDER');
  const found = await findInterpreter(request.interpreter ?? 'python3', request.environment);
  if (!found.ok) throw new RiskflowError('failed', found.why, { hint: 'install Python 3, or name one with code.interpreter' });
  const hash = createHash('sha256').update(lock.text).digest('hex');
  const sets = setsFolder(request.dataFolder);
  const there = existsSync(join(sets, hash)) ? readSet(request.dataFolder, hash) : null;
  const wasThere = there?.tag === found.interpreter.tag;
  await mkdir(sets, { recursive: true });
  if (!wasThere) await build(request, { lock, interpreter: found.interpreter, target: join(sets, hash) });
  await writeAtOnce(join(sets, 'current.json'), `${JSON.stringify({ set: hash })}\n`);
  return { set: readSet(request.dataFolder, hash), wasThere };
}

type Build = { readonly lock: LockFile; readonly interpreter: Interpreter; readonly target: string };

async function build(request: InstallRequest, { lock, interpreter, target }: Build): Promise<void> {
  const aside = `${target}.${randomUUID()}.new`;
  const old = `${target}.${randomUUID()}.old`;
  try {
    await mkdir(aside);
    await writeFile(join(aside, 'requirements.txt'), `${lock.lines.join('\n')}\n`);
    await pipInstall(request, interpreter, aside);
    await writeFile(join(aside, 'set.json'), `${JSON.stringify({ tag: interpreter.tag, packages: lock.packages }, null, 2)}\n`);
    // One of another Python makes room.
    if (existsSync(target)) await rename(target, old);
    await rename(aside, target);
  } catch (error) {
    // Somebody else was faster with the same list.
    if (existsSync(join(target, 'set.json')) && /ENOTEMPTY|EEXIST/.test(messageOf(error))) return;
    throw error;
  } finally {
    await rm(aside, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

async function pipInstall(request: InstallRequest, interpreter: Interpreter, folder: string): Promise<void> {
  const { index, findLinks, offline = false, onProgress, environment, signal } = request;
  const args = [
    ...['-m', 'pip', 'install', '--require-hashes', '--only-binary', ':all:', '--no-input', '--disable-pip-version-check'],
    ...['--progress-bar', 'off', '--no-compile', '--target', join(folder, 'site'), '--requirement', join(folder, 'requirements.txt')],
    ...(index === undefined ? [] : ['--index-url', index]),
    ...(findLinks === undefined ? [] : ['--find-links', /^[a-z][a-z+.-]+:/i.test(findLinks) ? findLinks : resolve(findLinks)]),
    ...(offline ? ['--no-index'] : []),
  ];
  // `python -m` looks for pip in the working folder first: what lies where the operator happens to be must not be run.
  const place = { cwd: folder, env: environmentOfPip(environment), timeoutMs: TIMEOUT_MS };
  const { code, out, complaint } = await runProgram(interpreter.path, args, {
    ...place,
    onLine: (line) => {
      const said = /^(Collecting|Downloading|Installing collected packages:|Looking in)/.test(line) ? line : undefined;
      if (said !== undefined) onProgress?.(withoutCredentials(said));
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (code !== 0) throw failureOfPip(withoutCredentials(`${out}\n${complaint}`), request);
  // Compiled now, because nothing can be written there later.
  await runProgram(interpreter.path, ['-m', 'compileall', '-q', '-j', '0', join(folder, 'site')], place);
}

function failureOfPip(said: string, { lock, offline }: InstallRequest): RiskflowError {
  const failed = (message: string, hint?: string): RiskflowError =>
    new RiskflowError('failed', message, hint === undefined ? {} : { hint });
  if (/No module named pip/.test(said)) return failed('this Python has no pip', 'install it: apt install python3-pip');
  const mismatch = /DO NOT MATCH THE HASHES/.exec(said);
  const named = /^\s+([A-Za-z0-9._-]+==\S+) from /m.exec(said)?.[1];
  if (mismatch !== null) {
    return failed(
      `${named ?? 'a package'} is not the file that ${lock.name} names: its hash differs`,
      'make the list anew, or find out who changed the package',
    );
  }
  const absent = /No matching distribution found for (\S+)/.exec(said)?.[1];
  if (absent !== undefined) {
    const where = offline === true ? 'the folder has' : 'the index has';
    return failed(
      `${where} no wheel of ${absent} for this Python and machine`,
      'riskflow takes wheels only, and nothing that has to be built',
    );
  }
  const unpinned = /all requirements must have their versions pinned.*?:\s*\n\s*(\S+)/s.exec(said)?.[1];
  if (unpinned !== undefined)
    return failed(`${lock.name} lacks ${unpinned}, which one of its packages needs`, 'make the list anew, with what packages need');
  return failed(`pip could not install the packages: ${lastLine(said.replace(/^\s*(WARNING|\[notice\]).*$/gm, ''))}`);
}

/** Only what pip and its connections are set up with: nothing else of this process concerns it. */
const environmentOfPip = (environment: InstallRequest['environment']): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) =>
      /^(PATH|HOME|USERPROFILE|SYSTEMROOT|TEMP|TMP|TMPDIR|LANG|PIP_.*|.*_PROXY|NO_PROXY|SSL_CERT_.*|REQUESTS_CA_BUNDLE|XDG_.*)$/i.test(
        name,
      ),
    ),
  );

const withoutCredentials = (text: string): string => text.replaceAll(/(\w+:\/\/)[^\s/@]+@/g, '$1***@');

async function writeAtOnce(file: string, text: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await writeFile(aside, text);
  await rename(aside, file);
}

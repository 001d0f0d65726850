import { findProgram, run } from './command.ts';
import type { Need } from './server.ts';

type Version = { readonly major: number; readonly minor: number };

// The registry's and Temporal's go.mod ask for it.
const GO_AT_LEAST: Version = { major: 1, minor: 25 };
const JAVA_AT_LEAST: Version = { major: 17, minor: 0 };
const PYTHON_AT_LEAST: Version = { major: 3, minor: 10 };

/** A need for the Go toolchain, of a server that is built from source. */
export function needsGo(server: string): Need {
  return {
    sentence: `${server} is built from source and needs Go ${GO_AT_LEAST.major}.${GO_AT_LEAST.minor} or newer: install it from https://go.dev/dl/ and put its bin folder on the PATH.`,
    present: async () => {
      const said = await answer('go', ['env', 'GOVERSION']);
      // Development builds count as new.
      return said.startsWith('devel') || isNewEnough(/^go(\d+)\.(\d+)/.exec(said), GO_AT_LEAST);
    },
  };
}

/** A need for Java, of a server that runs on it. */
export function needsJava(server: string): Need {
  return {
    sentence: `${server} needs Java ${JAVA_AT_LEAST.major} or newer: apt-get install openjdk-17-jdk-headless, or https://adoptium.net.`,
    present: async () => isNewEnough(/version "(\d+)(?:\.(\d+))?/.exec(await answer('java', ['-version'])), JAVA_AT_LEAST),
  };
}

/** A need for Maven, of a server that is fetched from Maven Central. */
export function needsMaven(server: string): Need {
  return {
    sentence: `${server} is fetched with Maven: apt-get install maven, or https://maven.apache.org/download.cgi.`,
    present: async () => (await findProgram('mvn')) !== undefined,
  };
}

/** A need for Python with venv, of a server that is a Python package. */
export function needsPython(server: string): Need {
  return {
    sentence: `${server} is a Python package and needs Python ${PYTHON_AT_LEAST.major}.${PYTHON_AT_LEAST.minor} or newer with venv: apt-get install python3 python3-venv.`,
    // ensurepip is what Debian leaves out of python3 and ships in python3-venv.
    present: async () => isNewEnough(/(\d+)\.(\d+)/.exec(await answer('python3', ['-c', PYTHON_QUESTION])), PYTHON_AT_LEAST),
  };
}

const PYTHON_QUESTION = 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])';

/** Whether a version, matched as (major)(minor), is at least the wanted one; no match is too old. */
export function isNewEnough(match: readonly (string | undefined)[] | null, wanted: Version): boolean {
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2] ?? 0)];
  return major > wanted.major || (major === wanted.major && minor >= wanted.minor);
}

/** What a program says to a question, on either output; empty when it is missing or fails. */
async function answer(name: string, question: readonly string[]): Promise<string> {
  const program = await findProgram(name);
  if (program === undefined) return '';
  // Java tells its version on standard error.
  const script = 'exec 2>&1; exec "$0" "$@"';
  return run({ program: 'sh', arguments: ['-c', script, program, ...question] }, '/dev/null').catch(() => '');
}

import type { Command } from './command.ts';
import type { Ports } from './ports.ts';
import type { Secrets } from './secrets.ts';

/** Something the machine must have before a server can be installed, and how a person gets it. */
export interface Need {
  /** A whole sentence for the case that it is missing, saying how to get it. */
  readonly sentence: string;
  /** Whether the machine has it. */
  present(): Promise<boolean>;
}

/** What an installation turned out to be; kept in its marker file. */
export interface Installed {
  /** Which of several ways of installing was used, e.g. `mysql` or `mariadb`. */
  readonly variant: string;
  readonly version: string;
  /** Something to say at every start, e.g. that this is a fallback and why. */
  readonly note?: string | undefined;
}

/** A finished installation and where it is. */
export interface Installation extends Installed {
  readonly directory: string;
}

/** One server that runs or is about to: what it was given, the same over restarts. */
export interface Instance {
  /** The folder of its record, log and data. */
  readonly state: string;
  readonly ports: Ports;
  readonly secrets: Secrets;
}

/**
 * One kind of server, as a table of functions: one file in `servers/` each, listed in `servers.ts`. Starting,
 * recording, waiting and stopping are the same for all and live in `lifecycle.ts`.
 */
export interface Server {
  /** Its name on the command line and in the state folder. */
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** The name of its installation in the cache, with the version where that is fixed: another version, another folder. */
  readonly installationName: string;
  /** Looked at only when it is not installed yet. */
  readonly needs: readonly Need[];
  /** The purposes it needs ports for; `server` is the one clients connect to. */
  readonly ports: readonly string[];
  /** The purposes it needs generated passwords for. */
  readonly secrets: readonly string[];
  /** How long it may take to end by itself before it is killed. */
  readonly stopLimitMs: number;
  /** Installs into an empty folder, logging to `log`. Throws StackFailure when it cannot. */
  install(directory: string, log: string): Promise<Installed>;
  /** Prepares its data in the state folder where that is needed, and says which command is the server. */
  start(installation: Installation, instance: Instance): Promise<Command>;
  /** Asks it a real question and returns its version; throws whatever the client throws while it does not answer. */
  ready(instance: Instance): Promise<string>;
  /** Makes what the tests expect to find. Called when it is ready; doing it twice changes nothing. */
  prepare(instance: Instance): Promise<void>;
  /** What the tests read: the names and values of environment variables. */
  environment(instance: Instance): Readonly<Record<string, string>>;
}

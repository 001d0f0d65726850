import type { Command } from '../command.ts';

/** Where one run of the database server keeps things, and its port. */
export interface DatabaseRun {
  /** The installation. */
  readonly directory: string;
  /** A folder of the state for data, socket and temporary files. */
  readonly home: string;
  readonly port: number;
}

/** One way of having a MySQL server: installed how, and driven by which commands. */
export interface DatabaseVariant {
  /** Installs into a folder and returns what the server says about its version. Throws StackFailure when it cannot. */
  install(directory: string, log: string): Promise<string>;
  /** The command that makes an empty database, with a root user without password, in a home of this run. */
  initialize(run: DatabaseRun): Command;
  /** The command that is the server. It first carries out `init.sql` in the home. */
  serve(run: DatabaseRun): Command;
}

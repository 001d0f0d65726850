/** User code, run with least power. */
export { createCodeRunner, type CodeRunnerOptions, type SandboxRunner } from './code-runner.ts';
export type { SandboxLimits } from './limits.ts';
export { installPackages, type Installed, type InstallRequest } from './python/install-packages.ts';
export { choosePython, type PythonBackend, type PythonChoice, type PythonSetting } from './python/backend.ts';
export { createOutgoingClient, type OutgoingClientOptions } from './outgoing/outgoing-client.ts';

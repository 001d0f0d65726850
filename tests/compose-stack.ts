import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const PROJECT = resolve(import.meta.dirname, '..');

const text = z.union([z.string(), z.number()]).transform(String);
const serviceSchema = z.looseObject({
  image: z.string().optional(),
  build: z.string().optional(),
  profiles: z.array(z.string()).optional(),
  restart: z.string().optional(),
  mem_limit: z.string().optional(),
  healthcheck: z.looseObject({ test: z.array(z.string()).optional() }).optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(text).optional(),
  environment: z.record(z.string(), text).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
});
const composeSchema = z.looseObject({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.unknown()),
});

export type Service = z.output<typeof serviceSchema>;
export type Compose = z.output<typeof composeSchema>;

/** What the containers are made of, as data: the rules look at it, and the tests of the rules break it. */
export type ComposeStack = {
  compose: Compose;
  /** `.env.example`: values by name. */
  example: Record<string, string>;
  dockerfile: string;
  dockerignore: string;
  /** deploy/prometheus/prometheus.yml */
  prometheus: string;
  /** The Node version that package.json pins. */
  node: string;
};

export function readComposeStack(): ComposeStack {
  const read = (name: string): string => readFileSync(resolve(PROJECT, name), 'utf8');
  const { devDependencies } = z.object({ devDependencies: z.object({ node: z.string() }) }).parse(JSON.parse(read('package.json')));
  return {
    compose: composeSchema.parse(parse(read('docker-compose.yaml'), { merge: true })),
    example: Object.fromEntries([...read('.env.example').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value])),
    dockerfile: read('Dockerfile'),
    dockerignore: read('.dockerignore'),
    prometheus: read('deploy/prometheus/prometheus.yml'),
    node: devDependencies.node,
  };
}

export const inProject = (path: string): boolean => existsSync(resolve(PROJECT, path));

export const service = ({ compose }: ComposeStack, name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};

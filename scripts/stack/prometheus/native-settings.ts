import { parse, stringify } from 'yaml';
import { z } from 'zod';

const settingsSchema = z.looseObject({ scrape_configs: z.array(z.looseObject({ job_name: z.string() })) });

/**
 * The settings of the containers' Prometheus for one on this machine: the same jobs, each asking what the files `JOB*.yml` of a folder name
 * in place of containers. Throws when the text is something else.
 */
export function nativeSettings(text: string, targets: string): string {
  const settings = settingsSchema.parse(parse(text));
  const jobs = settings.scrape_configs.map((job) => ({
    ...Object.fromEntries(Object.entries(job).filter(([name]) => !/^(static_configs|\w+_sd_configs)$/.test(name))),
    file_sd_configs: [{ files: [`${targets}/${job.job_name}*.yml`], refresh_interval: '5s' }],
  }));
  return stringify({ ...settings, scrape_configs: jobs });
}

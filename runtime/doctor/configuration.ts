import { findingsOf, type SettingFinding } from '../configuration/check.ts';
import { ok, problem, warning, type Judgement, type Subject } from './finding.ts';

export const configuration: Subject = {
  name: 'configuration',
  examine: ({ reading, environment, folder }) => {
    const { file, errors, warnings } = findingsOf(reading, { environment, folder });
    const place = file ?? 'the environment (there is no configuration file)';
    const all = [
      ...errors.map((finding) => problem(nameOf(finding), textOf(finding), finding.hint ?? 'see docs/configuration.md')),
      ...warnings.map((finding) => warning(nameOf(finding), textOf(finding), finding.hint ?? 'see docs/configuration.md')),
    ];
    const judgements: readonly Judgement[] = all.length === 0 ? [ok('settings', place)] : all;
    return Promise.resolve(judgements);
  },
};

const nameOf = ({ setting }: SettingFinding): string => (setting === '' ? 'settings' : setting);

const textOf = ({ message, line, column }: SettingFinding): string =>
  line === null ? message : `${message} (line ${line}, column ${column})`;

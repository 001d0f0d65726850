import { list, maybe, moment, type AvroRecord } from './avro-schema.ts';

const subjectCount: AvroRecord = {
  type: 'record',
  name: 'SubjectCount',
  fields: [maybe('subject', 'string', 'Whom or what they are about.'), maybe('count', 'long', 'How many of the records.')],
};

/** A spike of reports that began or ended. Webhooks carry the same fields as JSON. */
export const alertSchema: AvroRecord = {
  type: 'record',
  name: 'Alert',
  namespace: 'riskflow',
  doc: 'A spike of reports. It is told when it is raised and when it is cleared; each may come more than once.',
  fields: [
    { name: 'alertId', type: 'string', doc: 'Identity of the alert: the same when it is raised and when it is cleared.' },
    maybe('state', 'string', 'raised or cleared.'),
    maybe('sourceId', 'string', 'The source whose records were counted.'),
    maybe('rule', 'string', 'The rule that said so.'),
    maybe('by', 'string', 'What the rule counts together: all, category, subject or subject-category.'),
    maybe('subject', 'string', 'Whom or what the counted records are about; null where the rule does not look at it.'),
    maybe('category', 'string', 'What they were reported as; null where the rule does not look at it.'),
    maybe('windowStart', moment, 'The window that raised or cleared it begins here.'),
    maybe('windowEnd', moment, 'And ends before this.'),
    maybe('count', 'long', 'Records in the window.'),
    maybe('baseline', 'double', 'How many were to be expected.'),
    maybe('ratio', 'double', 'Count over baseline.'),
    maybe('z', 'double', 'Robust z: distance from the median of the windows before it in units of their spread.'),
    maybe('p', 'double', 'Probability of so many or more at the rate of the baseline.'),
    maybe('reporters', 'long', 'Distinct reporters; an estimate from 256 on.'),
    maybe('needed', 'long', 'The smallest count that would have been a spike.'),
    list('topSubjects', subjectCount, 'Whom or what most of the records are about.'),
    maybe('reason', 'string', 'Why it was cleared: fell, lasted or rule-removed.'),
    maybe('peak', 'long', 'The highest count of a window while it lasted; only when it is cleared.'),
    maybe('at', moment, 'When it was noted.'),
  ],
};

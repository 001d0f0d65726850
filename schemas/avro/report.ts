import { maybe, moment, type AvroRecord } from './avro-schema.ts';

/** A report as Riskflow recommends to send it: sources read these fields without any mapping. */
export const reportSchema: AvroRecord = {
  type: 'record',
  name: 'Report',
  namespace: 'riskflow',
  doc: 'Something that somebody reported: a message, an account, an advertisement.',
  fields: [
    { name: 'id', type: 'string', doc: 'Identity of the report: the same id is the same report.' },
    maybe('subject', 'string', 'Who or what the report is about. Decisions about one subject are made in their order.'),
    maybe('category', 'string', 'What it was reported as.'),
    maybe('reporter', 'string', 'Who reported it.'),
    maybe('text', 'string', 'What was reported, in words.'),
    maybe('eventTime', moment, 'When it happened.'),
    { name: 'extra', type: { type: 'map', values: 'string' }, doc: 'Whatever else the flow takes, by name.', default: {} },
  ],
};

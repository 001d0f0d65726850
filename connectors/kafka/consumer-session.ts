import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import {
  messageOf,
  type ConnectorHost,
  type KafkaConnectorSettings,
  type PartitionEnd,
  type PartitionName,
  type ReadingPlace,
} from '../../schemas/index.ts';
import type { RecordDecoder } from '../formats/record-decoder.ts';
import { pause, whileBeating } from './alive.ts';
import { CONSUMER_TASK, taskOf, type KafkaTiming } from './kafka-settings.ts';
import type { KafkaLog } from './kafka-client.ts';
import { asksToRejoin } from './kafka-trouble.ts';
import { byTopic, ownPartitions, type OwnPartition } from './partitions.ts';
import { chunkEnd, readMessages } from './read-chunk.ts';
import { beginAtEnds, placeToBegin, untilBounds } from './beginnings.ts';

const CONCURRENT_PARTITIONS = 4;
const CLOSE_LIMIT_MS = 3_000;
/** New partitions of a topic are seen so soon. */
const METADATA_MS = 30_000;
/** How often it is told what is waited for before there is a place in the group. */
const TELL_MS = 1_000;

export type SessionParts = {
  readonly kafka: Kafka;
  readonly group: string;
  readonly settings: Pick<KafkaConnectorSettings, 'topics' | 'from'>;
  readonly decoder: RecordDecoder;
  readonly host: ConnectorHost;
  readonly report: ConnectorHost['report'];
  readonly timing: KafkaTiming;
  readonly onLog: (entry: KafkaLog) => void;
  /** What a person has to know while no broker has answered yet, unless it was said. */
  readonly sayAway?: () => string;
};

/** Why a session is over: it was told to end, the consumer is of no use any more, or work for the host failed for good. */
export type SessionEnd =
  { readonly kind: 'asked' } | { readonly kind: 'trouble'; readonly error: unknown } | { readonly kind: 'failed'; readonly error: unknown };

/**
 * One life of a kafkajs consumer, from joining its group to a crash or the end. What is stored by the host decides where partitions are read;
 * the group's own offsets are written for people and tools to look at.
 */
export class ConsumerSession {
  readonly #parts: SessionParts;
  readonly #consumer: Consumer;
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<SessionEnd>();
  /** Rises with each assignment; what was begun under an older one is of no interest any more. */
  #generation = 0;
  #partitions = new Map<string, OwnPartition>();
  readonly #held = new Map<string, OwnPartition>();
  #waitsForRoom = false;
  #lastSign = performance.now();
  /** Batches that are at work. */
  #busy = 0;
  #connected = false;
  #joined = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { sessionMs, rebalanceMs, heartbeatMs, fetchWaitMs } = parts.timing;
    this.#consumer = parts.kafka.consumer({
      groupId: parts.group,
      sessionTimeout: sessionMs,
      rebalanceTimeout: rebalanceMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: fetchWaitMs,
      metadataMaxAge: METADATA_MS,
      allowAutoTopicCreation: false,
      // A crash is our business: kafkajs would start again with what it had paused forgotten.
      retry: { initialRetryTime: 200, maxRetryTime: 3_000, retries: 6, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  /** Whether it ever had a place in the group. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Reads until it is told to end or cannot go on; then everything is closed. */
  async run(): Promise<SessionEnd> {
    const { host, timing } = this.#parts;
    const asked = (): void => this.#end({ kind: 'asked' });
    host.signal.addEventListener('abort', asked, { once: true });
    if (host.signal.aborted) asked();
    const watchdog = setInterval(() => this.#watch(), Math.min(1_000, timing.watchdogMs / 4));
    const telling = setInterval(() => this.#tellWaiting(), TELL_MS);
    this.#open().catch((error: unknown) => this.#end({ kind: 'trouble', error }));
    const end = await this.#ended.promise;
    clearInterval(watchdog);
    clearInterval(telling);
    host.signal.removeEventListener('abort', asked);
    // kafkajs waits for what may never answer; whatever it does later finds the session over.
    const closed = new AbortController();
    await Promise.race([this.#consumer.disconnect().catch(() => undefined), pause(CLOSE_LIMIT_MS, closed.signal)]);
    closed.abort();
    for (const name of this.#partitions.values()) this.#parts.report({ task: taskOf(name), state: 'unassigned', trace: null });
    return end;
  }

  #end(end: SessionEnd): void {
    this.#over.abort();
    this.#ended.resolve(end);
  }

  async #open(): Promise<void> {
    const { events } = this.#consumer;
    const sign = (): void => void (this.#lastSign = performance.now());
    for (const name of [events.CONNECT, events.FETCH, events.HEARTBEAT, events.REBALANCING, events.END_BATCH_PROCESS] as const)
      this.#consumer.on(name, sign);
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      sign();
      this.#assign(payload.memberAssignment);
    });
    this.#consumer.on(events.FETCH, () => this.#tellIdle());
    this.#consumer.on(events.END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      if (batchSize === 0) this.#passOver({ topic, partition }, Number(lastOffset) + 1);
    });
    this.#consumer.on(events.CRASH, ({ payload }) => this.#end({ kind: 'trouble', error: payload.error }));
    await this.#consumer.connect();
    this.#connected = true;
    // From the beginning: what kafkajs turns to when an offset is not there must never leave anything out.
    await this.#consumer.subscribe({ topics: [...this.#parts.settings.topics], fromBeginning: true });
    if (this.#over.signal.aborted) return;
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
      eachBatch: (payload) => this.#readBatch(payload),
    });
  }

  #watch(): void {
    const silent = performance.now() - this.#lastSign;
    if (silent < this.#parts.timing.watchdogMs) return;
    this.#end({ kind: 'trouble', error: new Error(`the Kafka client gave no sign of life for ${Math.round(silent / 1000)} s`) });
  }

  /** Who waits at a keyboard wants to know for what, before it has failed for good. */
  #tellWaiting(): void {
    if (this.#joined || this.#over.signal.aborted) return;
    const { report, sayAway, group } = this.#parts;
    const place = `it waits for a place in the consumer group ${group}: members that died are given up after a while`;
    const trace = this.#connected ? place : sayAway?.();
    if (trace !== undefined) report({ task: CONSUMER_TASK, state: 'running', trace });
  }

  /** Brokers have answered a fetch; what is not asked for, and what is still being stored, is no rest. */
  #tellIdle(): void {
    const isAsked = this.#joined && this.#busy === 0 && this.#held.size === 0;
    if (isAsked && this.#partitions.values().every(({ place }) => place !== undefined)) this.#parts.host.idle();
  }

  /** Everything rests until the host has said where to begin: kafkajs keeps what was paused before, and forgets every offset. */
  #assign(assignment: Readonly<Record<string, readonly number[]>>): void {
    if (this.#over.signal.aborted) return;
    this.#joined = true;
    const generation = ++this.#generation;
    const before = this.#partitions;
    this.#partitions = ownPartitions(assignment);
    this.#held.clear();
    const lost = [...before.values()].filter((name) => !this.#partitions.has(taskOf(name)));
    this.#consumer.resume(byTopic(lost));
    for (const name of lost) this.#parts.report({ task: taskOf(name), state: 'unassigned', trace: null });
    this.#consumer.pause(byTopic(this.#partitions.values()));
    const idle = this.#partitions.size === 0 ? 'other members of the group have all the partitions' : null;
    this.#parts.report({ task: CONSUMER_TASK, state: 'running', trace: idle });
    void this.#begin([...this.#partitions.values()], generation);
  }

  #isCurrent(generation: number): boolean {
    return generation === this.#generation && !this.#over.signal.aborted;
  }

  async #begin(partitions: readonly OwnPartition[], generation: number): Promise<void> {
    try {
      const topics = [...new Set(partitions.map(({ topic }) => topic))];
      const { kafka, onLog } = this.#parts;
      const bounds = await untilBounds({ kafka, topics }, { onLog, isWanted: () => this.#isCurrent(generation), over: this.#over.signal });
      if (this.#parts.settings.from === 'latest') {
        const ends = Map.groupBy(bounds.values(), ({ topic }) => topic);
        for (const topic of topics) if (this.#isCurrent(generation)) await beginAtEnds(this.#parts.host, ends.get(topic) ?? []);
      }
      await Promise.all(partitions.map((own) => this.#beginOne(own, bounds.get(taskOf(own)), generation)));
    } catch (error) {
      if (this.#isCurrent(generation)) this.#end({ kind: 'failed', error });
    }
  }

  async #beginOne(own: OwnPartition, end: PartitionEnd | undefined, generation: number): Promise<void> {
    if (!this.#isCurrent(generation)) return;
    const { host } = this.#parts;
    const { topic, partition } = own;
    const bounds = { low: end?.low ?? null, end: end?.end ?? null };
    const place = await placeToBegin({ topic, partition }, bounds, host);
    if (!this.#isCurrent(generation)) return;
    own.place = place;
    own.wanted = Math.max(place.offset, bounds.low ?? 0);
    if (own.wanted > place.offset) {
      const gone = `the records from offset ${place.offset} to ${own.wanted - 1} are gone`;
      host.notice(`${taskOf(own)}: ${gone}, the log begins at ${own.wanted} (retention)`);
    }
    this.#consumer.seek({ topic, partition, offset: String(own.wanted) });
    if (host.hasRoom()) this.#resume(own);
    else this.#hold(own);
  }

  #resume(own: OwnPartition): void {
    this.#held.delete(taskOf(own));
    this.#consumer.resume(byTopic([own]));
    this.#parts.report({ task: taskOf(own), state: 'running', trace: null });
  }

  /** Lets a partition rest until there is room; the others, and the heartbeats, go on. */
  #hold(own: OwnPartition): void {
    this.#consumer.pause(byTopic([own]));
    this.#held.set(taskOf(own), own);
    this.#parts.report({ task: taskOf(own), state: 'paused', trace: 'too much waits to be decided' });
    if (this.#waitsForRoom) return;
    this.#waitsForRoom = true;
    this.#parts.host
      .untilRoom(this.#over.signal)
      .then(() => {
        this.#waitsForRoom = false;
        if (this.#over.signal.aborted) return;
        for (const held of this.#held.values()) this.#resume(held);
      })
      .catch((error: unknown) => this.#end({ kind: 'failed', error }));
  }

  /** Asks the host anew where to go on. */
  #beginAgain(own: OwnPartition): void {
    own.place = undefined;
    this.#consumer.pause(byTopic([own]));
    void this.#begin([own], this.#generation);
  }

  /** Behind the last record is only what is none: marks of transactions, and records that were taken back. kafkajs has passed it over, and so does the host. */
  #passOver(name: PartitionName, next: number): void {
    const own = this.#partitions.get(taskOf(name));
    if (own?.place === undefined || this.#over.signal.aborted) return;
    if (next < own.wanted) return this.#beginAgain(own);
    const generation = this.#generation;
    const pass = async (): Promise<void> => {
      const { place } = own;
      if (place === undefined || next <= place.offset || !this.#isCurrent(generation)) return;
      const passed = await this.#parts.host.deliver({ ...name, records: [], next: { offset: next, position: null } }, place);
      if (this.#isCurrent(generation)) this.#goOn(own, passed.place, passed.status === 'moved');
    };
    own.passing = own.passing.then(pass).catch((error: unknown) => this.#end({ kind: 'failed', error }));
  }

  /** @returns whether kafkajs is where the host is */
  #goOn(own: OwnPartition, place: ReadingPlace | null, isElsewhere: boolean): boolean {
    if (place === null) {
      this.#beginAgain(own);
      return false;
    }
    own.place = place;
    own.wanted = place.offset;
    if (isElsewhere) this.#consumer.seek({ topic: own.topic, partition: own.partition, offset: String(place.offset) });
    return !isElsewhere;
  }

  async #readBatch(payload: EachBatchPayload): Promise<void> {
    this.#busy++;
    try {
      await this.#readInChunks(payload);
    } finally {
      this.#busy--;
    }
  }

  async #readInChunks(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const own = this.#partitions.get(taskOf(batch));
    if (own === undefined) return;
    await whileBeating(own.passing, this.#beating(payload));
    if (own.place === undefined || this.#over.signal.aborted) return;
    const generation = this.#generation;
    // kafkajs went back to the beginning: the log is another one than the one we were reading.
    if (Number(batch.messages[0]?.offset ?? own.wanted) < own.wanted) return this.#beginAgain(own);
    const current = (): boolean => payload.isRunning() && !payload.isStale() && this.#isCurrent(generation);
    for (let begin = 0; begin < batch.messages.length && current();) {
      if (!this.#parts.host.hasRoom()) return this.#hold(own);
      const end = chunkEnd(batch.messages, begin);
      // Behind the last record may be what is none: marks of transactions.
      const last = end === batch.messages.length ? batch.lastOffset() : (batch.messages[end - 1]?.offset ?? batch.lastOffset());
      if (!(await this.#deliver(own, { payload, begin, end, next: Number(last) + 1, current }))) return;
      begin = end;
    }
  }

  /** @returns whether reading goes on behind the chunk */
  async #deliver(
    own: OwnPartition,
    chunk: {
      readonly payload: EachBatchPayload;
      readonly begin: number;
      readonly end: number;
      readonly next: number;
      readonly current: () => boolean;
    },
  ): Promise<boolean> {
    const { payload, next, current } = chunk;
    const outcome = await whileBeating(this.#store(own, chunk), this.#beating(payload));
    if (outcome.kind === 'threw') this.#end({ kind: 'failed', error: outcome.error });
    if (outcome.kind !== 'done' || !current()) return false;
    const { place, status } = outcome.value;
    if (!this.#goOn(own, place, status === 'moved' || place.offset !== next)) return false;
    payload.resolveOffset(String(next - 1));
    await payload.heartbeat();
    await this.#commit(payload, next);
    return true;
  }

  #beating(payload: EachBatchPayload): Parameters<typeof whileBeating>[1] {
    return { beat: () => payload.heartbeat(), everyMs: this.#parts.timing.heartbeatMs, over: this.#over.signal };
  }

  async #store(
    own: OwnPartition,
    {
      payload,
      begin,
      end,
      next,
    }: { readonly payload: EachBatchPayload; readonly begin: number; readonly end: number; readonly next: number },
  ): ReturnType<ConnectorHost['deliver']> {
    const { decoder, host, report } = this.#parts;
    const { topic, partition, place } = own;
    if (place === undefined) return { status: 'moved', place: null };
    const onWait = (reason: string | null): void => report({ task: taskOf(own), state: 'running', trace: reason });
    const records = await readMessages(payload.batch.messages.slice(begin, end), decoder, { signal: this.#over.signal, onWait });
    return host.deliver({ topic, partition, records, next: { offset: next, position: null } }, place);
  }

  /** The host's offset is the one that counts, so a commit that fails is no harm; only being asked to join again is passed on. */
  async #commit(payload: EachBatchPayload, next: number): Promise<void> {
    const { topic, partition } = payload.batch;
    try {
      await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: String(next) }] }] });
    } catch (error) {
      if (asksToRejoin(error)) throw error;
      this.#parts.onLog({ level: 'info', message: `the group's offset of ${topic}/${partition} was not written: ${messageOf(error)}` });
    }
  }
}

import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { messageOf, type ConnectorHost, type KafkaConnectorSettings, type PartitionEnd } from '../../schemas/index.ts';
import type { RecordDecoder } from '../formats/record-decoder.ts';
import { pause, whileBeating } from './alive.ts';
import { CONSUMER_TASK, taskOf, type KafkaTiming } from './kafka-settings.ts';
import type { KafkaLog } from './kafka-client.ts';
import { asksToRejoin } from './kafka-trouble.ts';
import { byTopic, ownPartitions, type OwnPartition } from './partitions.ts';
import { chunkEnd, readMessages } from './read-chunk.ts';
import { placeToBegin, untilBounds } from './beginnings.ts';

const CONCURRENT_PARTITIONS = 4;
const CLOSE_LIMIT_MS = 3_000;

export type SessionParts = {
  readonly kafka: Kafka;
  readonly group: string;
  readonly settings: Pick<KafkaConnectorSettings, 'topics' | 'from'>;
  readonly decoder: RecordDecoder;
  readonly host: ConnectorHost;
  readonly report: ConnectorHost['report'];
  readonly timing: KafkaTiming;
  readonly onLog: (entry: KafkaLog) => void;
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
    this.#open().catch((error: unknown) => this.#end({ kind: 'trouble', error }));
    const end = await this.#ended.promise;
    clearInterval(watchdog);
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
    this.#consumer.on(events.CRASH, ({ payload }) => this.#end({ kind: 'trouble', error: payload.error }));
    await this.#consumer.connect();
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
      await Promise.all(partitions.map((own) => this.#beginOne(own, bounds.get(taskOf(own)), generation)));
    } catch (error) {
      if (this.#isCurrent(generation)) this.#end({ kind: 'failed', error });
    }
  }

  async #beginOne(own: OwnPartition, end: PartitionEnd | undefined, generation: number): Promise<void> {
    if (!this.#isCurrent(generation)) return;
    const { host, settings } = this.#parts;
    const { topic, partition } = own;
    const bounds = { low: end?.low ?? null, end: end?.end ?? null };
    const place = await placeToBegin({ topic, partition }, bounds, { host, from: settings.from });
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

  async #readBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const own = this.#partitions.get(taskOf(batch));
    if (own?.place === undefined || this.#over.signal.aborted) return;
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
    const beating = { beat: () => payload.heartbeat(), everyMs: this.#parts.timing.heartbeatMs, over: this.#over.signal };
    const outcome = await whileBeating(this.#store(own, chunk), beating);
    if (outcome.kind === 'threw') this.#end({ kind: 'failed', error: outcome.error });
    if (outcome.kind !== 'done' || !current()) return false;
    const { place } = outcome.value;
    if (place === null) {
      this.#beginAgain(own);
      return false;
    }
    own.place = place;
    own.wanted = place.offset;
    if (outcome.value.status === 'moved' || place.offset !== next) {
      this.#consumer.seek({ topic: own.topic, partition: own.partition, offset: String(place.offset) });
      return false;
    }
    payload.resolveOffset(String(next - 1));
    await payload.heartbeat();
    await this.#commit(payload, next);
    return true;
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

import { decodeValues, type Pin, type RunEvent, type Value } from '../../schemas/core.ts';
import { applyEvent } from '../engine/apply.ts';
import { findNode, nodeAt } from '../engine/find-node.ts';
import { frameKeyOf } from '../engine/names.ts';
import { pinOf } from '../engine/pins.ts';
import { frameUp, lookup } from '../engine/pool.ts';
import { draftOf, EdgeProgress, initialState, NodeProgress, type Draft, type Frame } from '../engine/state.ts';
import type { Plan, PlanNode } from '../plan/plan.ts';
import type { Selector } from '../plan/selector.ts';
import { renderTemplate, type TemplateSegment } from '../text/index.ts';
import { blockingEdges } from './blocking-edges.ts';

/** A piece of the run's answer. `selector` names whose text it is: that of the answer node, or of the variable in it. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string; readonly selector: Selector }
  /** What was said before is wrong (a model began anew): this is all that is said so far. */
  | { readonly kind: 'replace'; readonly text: string };

type Part = {
  readonly segment: TemplateSegment;
  /** What came of it while its node was at work, and how much of that was said. */
  streamed: string;
  said: number;
};

/** The text of one answer or end node as it comes together. */
type Session = {
  readonly node: number;
  readonly frame: string;
  /** The frame and those around it: they are read after they are over, too. */
  readonly frames: ReadonlyMap<string, Frame>;
  readonly parts: readonly Part[];
  at: number;
};

/**
 * Puts the pieces of a run's answers into the order in which Dify says them (facts: dify-semantics §5). Each answer and end node has its
 * turn as soon as some way to it is certain; they speak one after the other, each in the order of its template, and what came early waits.
 * An iteration or loop in which something is said is spoken through before what follows it.
 */
export class ResponseOrder {
  readonly #plan: Plan;
  readonly #draft: Draft;
  readonly #blocking: ReadonlySet<number>;
  /** Sessions that are not certain yet, by frame. */
  readonly #waiting = new Map<string, Session[]>();
  /** Nodes that some certain way leads to, by frame. */
  readonly #reached = new Map<string, Set<number>>();
  readonly #turns: Session[] = [];
  #said = '';

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#draft = draftOf(initialState(plan));
    this.#blocking = blockingEdges(plan);
  }

  /** A piece of what a model node is saying. */
  chunk(effectId: string, text: string): readonly Piece[] {
    const running = this.#draft.running.get(effectId);
    if (running === undefined) return [];
    for (const part of this.#partsOf(running.frame, running.node)) part.streamed += text;
    return this.#speak();
  }

  event(event: RunEvent): readonly Piece[] {
    const pieces: Piece[] = [];
    if (event.type === 'NodeRetried' || event.type === 'NodeContinued') pieces.push(...this.#takeBack(event.data.effectId));
    if (event.type === 'NodeFinished' && event.data.effectId !== null) pieces.push(...this.#pinned(event));
    if (event.type === 'NodeFinished') pieces.push(...this.#settle(event));
    applyEvent(this.#plan, this.#draft, event);
    if (event.type === 'RunStarted') this.#enter('', this.#plan.root);
    if (event.type === 'PassStarted') {
      const { body } = nodeAt(this.#plan, findNode(this.#plan, event.data.nodeId) ?? -1);
      const key = frameKeyOf([...event.data.path, [event.data.nodeId, event.data.pass]]);
      const root = this.#plan.scopes[body ?? -1]?.root;
      if (root !== undefined && this.#draft.frames.has(key)) this.#enter(key, root);
    }
    if (event.type === 'NodeFinished') this.#open(frameKeyOf(event.data.path));
    this.#closeGone();
    pieces.push(...this.#speak());
    return pieces;
  }

  /** A frame began: its answers wait until a way to them is certain. */
  #enter(frame: string, root: number): void {
    const { scope } = nodeAt(this.#plan, root);
    const frames = this.#framesAround(frame);
    const sessions = this.#plan.nodes.flatMap((node, at): readonly Session[] => {
      const segments = node.scope === scope ? segmentsOf(node) : null;
      if (segments === null) return [];
      return [{ node: at, frame, frames, parts: segments.map((segment) => ({ segment, streamed: '', said: 0 })), at: 0 }];
    });
    if (sessions.length === 0) return;
    this.#waiting.set(frame, sessions);
    this.#reached.set(frame, new Set());
    this.#reach(frame, [root]);
  }

  #framesAround(key: string): ReadonlyMap<string, Frame> {
    const around = new Map<string, Frame>();
    for (let frame = this.#draft.frames.get(key); frame !== undefined; frame = this.#draft.frames.get(frame.parent ?? frame.key)) {
      around.set(frame.key, frame);
      if (frame.parent === null) break;
    }
    return around;
  }

  /** Edges were decided: more may be certain now. */
  #open(frame: string): void {
    const reached = this.#reached.get(frame);
    const state = this.#draft.frames.get(frame);
    if (reached === undefined || state === undefined) return;
    const next: number[] = [];
    for (const node of reached)
      for (const at of nodeAt(this.#plan, node).outgoing) {
        const edge = this.#plan.edges[at];
        if (edge !== undefined && !reached.has(edge.target) && this.#isCertain(at, frame)) next.push(edge.target);
      }
    this.#reach(frame, next);
  }

  #reach(frame: string, first: readonly number[]): void {
    const reached = this.#reached.get(frame);
    const waiting = this.#waiting.get(frame);
    if (reached === undefined || waiting === undefined) return;
    const queue = [...first];
    for (const node of queue) {
      if (reached.has(node)) continue;
      reached.add(node);
      const session = waiting.find((other) => other.node === node);
      if (session !== undefined) this.#turns.push(session);
      for (const at of nodeAt(this.#plan, node).outgoing) {
        const target = this.#plan.edges[at]?.target;
        if (target !== undefined && this.#isCertain(at, frame)) queue.push(target);
      }
    }
    this.#waiting.set(
      frame,
      waiting.filter(({ node }) => !reached.has(node)),
    );
  }

  #isCertain(at: number, frame: string): boolean {
    const progress = this.#draft.frames.get(frame)?.edges[this.#plan.edges[at]?.slot ?? -1];
    return progress === EdgeProgress.taken || (!this.#blocking.has(at) && progress !== EdgeProgress.skipped);
  }

  /** Parts of all sessions which say what a node at work produces. */
  *#partsOf(frame: string, node: number): Generator<Part> {
    const { id } = nodeAt(this.#plan, node);
    for (const session of this.#all()) {
      for (const part of session.parts) {
        const [namespace, name] = part.segment.selector ?? [];
        if (part.segment.token === true && namespace === id && name === 'text' && session.frames.has(frame)) yield part;
      }
    }
  }

  *#all(): Generator<Session> {
    yield* this.#turns;
    for (const sessions of this.#waiting.values()) yield* sessions;
  }

  /** The pieces a pinned node would have streamed. */
  #pinned(event: Extract<RunEvent, { type: 'NodeFinished' }>): readonly Piece[] {
    const { effectId, nodeId } = event.data;
    const node = this.#plan.nodes[findNode(this.#plan, nodeId) ?? -1];
    const pin: Pin | undefined = node === undefined ? undefined : pinOf(this.#draft.started?.pins ?? {}, node);
    return (pin?.chunks ?? []).flatMap((text) => this.chunk(effectId ?? '', text));
  }

  /** What a node said by pieces counts no more: it asks again. */
  #takeBack(effectId: string): readonly Piece[] {
    const running = this.#draft.running.get(effectId);
    if (running === undefined) return [];
    let wasSaid = false;
    for (const part of this.#partsOf(running.frame, running.node)) {
      wasSaid ||= part.said > 0;
      if (part.said > 0) this.#said = this.#said.slice(0, this.#said.length - part.said);
      part.streamed = '';
      part.said = 0;
    }
    return wasSaid ? [{ kind: 'replace', text: this.#said }] : [];
  }

  /** Where the whole differs from its pieces, the whole counts. */
  #settle(event: Extract<RunEvent, { type: 'NodeFinished' }>): readonly Piece[] {
    const text = decodeValues(event.data.outputs).get('text');
    const node = findNode(this.#plan, event.data.nodeId) ?? -1;
    const pieces: Piece[] = [];
    for (const part of this.#partsOf(frameKeyOf(event.data.path), node)) {
      const whole = typeof text === 'string' && part.segment.selector?.length === 2 ? text : null;
      if (part.streamed === '' || whole === part.streamed) continue;
      if (part.said > 0) {
        this.#said = this.#said.slice(0, this.#said.length - part.said);
        pieces.push({ kind: 'replace', text: this.#said });
      }
      part.streamed = '';
      part.said = 0;
    }
    return pieces;
  }

  /** Answers in frames that are over will not be given any more. */
  #closeGone(): void {
    for (const key of this.#waiting.keys()) {
      if (this.#draft.frames.has(key)) continue;
      this.#waiting.delete(key);
      this.#reached.delete(key);
    }
  }

  #speak(): readonly Piece[] {
    const pieces: Piece[] = [];
    for (let turn = this.#turns[0]; turn !== undefined; turn = this.#turns[0]) {
      if (this.#isLost(turn)) turn.at = turn.parts.length;
      for (; turn.at < turn.parts.length; turn.at++) {
        const part = turn.parts[turn.at];
        if (part === undefined || !this.#speakPart(turn, part, pieces)) break;
      }
      if (turn.at < turn.parts.length) return pieces;
      this.#turns.shift();
    }
    return pieces;
  }

  /** Something failed on the way to an answer: it will not be given. */
  #isLost({ node, frame, frames }: Session): boolean {
    const own = frames.get(frame);
    const failed = this.#draft.failure !== null || (own !== undefined && own.failure !== null);
    return failed && own?.nodes[nodeAt(this.#plan, node).slot] !== NodeProgress.finished;
  }

  /** Says what there is of a part. True when that was all of it. */
  #speakPart(session: Session, part: Part, pieces: Piece[]): boolean {
    const { segment } = part;
    const say = (text: string, selector: Selector): void => {
      if (text === '') return;
      this.#said += text;
      pieces.push({ kind: 'text', text, selector });
    };
    const own = [nodeAt(this.#plan, session.node).id, 'answer'];
    const { selector } = segment;
    if (selector === undefined || segment.token !== true) {
      say(this.#rendered(session, segment), own);
      return true;
    }
    const index = findNode(this.#plan, selector[0] ?? '');
    const from = index === undefined ? own : selector;
    if (part.streamed !== '') {
      say(part.streamed.slice(part.said), from);
      part.said = part.streamed.length;
    }
    const progress = this.#progressOf(session, index);
    const isOver = this.#draft.finished !== null || !this.#draft.frames.has(session.frame);
    const isThere = this.#lookup(session, selector.slice(0, 2)) !== undefined;
    // What is over and was never given will not come.
    if (!isThere && progress !== 'done') return isOver;
    if (part.streamed === '') say(this.#rendered(session, segment), from);
    return true;
  }

  /** Whether a node may still give something. */
  #progressOf(session: Session, index: number | undefined): 'done' | 'open' {
    if (index === undefined) return 'done';
    const { scope, slot } = nodeAt(this.#plan, index);
    const progress = frameUp(session, session.frame, (frame) => frame.scope === scope)?.nodes[slot];
    return progress === undefined || progress === NodeProgress.finished || progress === NodeProgress.skipped ? 'done' : 'open';
  }

  #lookup(session: Session, selector: Selector): Value | undefined {
    return lookup(this.#plan, { frames: session.frames, shared: this.#draft.shared }, session.frame, selector);
  }

  /** A segment as the answer node prints it; nothing for one of a node that was skipped. */
  #rendered(session: Session, segment: TemplateSegment): string {
    const index = segment.token === true ? findNode(this.#plan, segment.selector?.[0] ?? '') : undefined;
    if (index !== undefined) {
      const { scope, slot } = nodeAt(this.#plan, index);
      if (frameUp(session, session.frame, (frame) => frame.scope === scope)?.nodes[slot] === NodeProgress.skipped) return '';
    }
    return renderTemplate({ segments: [segment] }, (selector) => this.#lookup(session, selector), 'markdown').text;
  }
}

/** What an answer or end node says: its template, or its outputs on lines of their own. Null for other nodes. */
function segmentsOf({ behaviour }: PlanNode): readonly TemplateSegment[] | null {
  if (behaviour.kind === 'answer') return behaviour.config.template.segments;
  if (behaviour.kind !== 'end') return null;
  return behaviour.config.outputs.flatMap(({ selector }, i): readonly TemplateSegment[] => {
    const segment: TemplateSegment = { text: '', selector, token: true };
    return i === 0 ? [segment] : [{ text: '\n' }, segment];
  });
}

import { modelOf, modelsOf, type Plan, type PlanNode } from '../../../flow/index.ts';
import type { DecisionMade, RunEvent } from '../../../schemas/index.ts';

/** What of a run a decision tells about how it came to be. */
export type RunFindings = Pick<DecisionMade['data'], 'ruleHits' | 'models' | 'promptIds'>;

/** Characters of a node's meaning hash that name its prompt. */
const PROMPT_ID_LENGTH = 16;

/** Looks at the events of a run as they come. */
export function collectFindings(plan: Plan): { readonly see: (event: RunEvent) => void; readonly findings: () => RunFindings } {
  const finished: { readonly node: PlanNode; readonly handle: string | null }[] = [];
  return {
    see: (event) => {
      if (event.type !== 'NodeFinished') return;
      const node = plan.nodes.find(({ id }) => id === event.data.nodeId);
      if (node !== undefined && tells(node)) finished.push({ node, handle: event.data.handle });
    },
    findings: () => {
      const asked = modelsOf(plan, {}).filter(({ node }) => finished.some((each) => each.node.id === node.id));
      const models = new Map(asked.map(({ model: { provider, name } }) => [`${provider}/${name}`, { provider, name }]));
      return {
        ruleHits: finished.flatMap(({ node, handle }) =>
          node.behaviour.kind === 'if-else' && handle !== null && handle !== ELSE
            ? [{ nodeId: node.id, title: node.title, caseId: handle }]
            : [],
        ),
        models: Array.from(models.values()),
        promptIds: asked.map(({ node }) => node.meaning.slice(0, PROMPT_ID_LENGTH)),
      };
    },
  };
}

/** The handle of an if-else node none of whose cases held. */
const ELSE = 'false';

const tells = ({ behaviour }: PlanNode): boolean => behaviour.kind === 'if-else' || modelOf(behaviour) !== null;

/** Something a person should know of a flow. `nodeId` is null where it is about no node. */
export type FlowIssue = {
  readonly severity: 'error' | 'warning';
  readonly nodeId: string | null;
  readonly message: string;
};

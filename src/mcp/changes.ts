/** What may change while clients listen. */
export type Change =
  | { readonly type: "tools_list_changed" }
  | { readonly type: "prompts_list_changed" }
  | { readonly type: "resources_list_changed" }
  | { readonly type: "resource_updated"; readonly uri: string };

/** What a `subscriptions/listen` stream carries: the members the client asked for and the server can honour. */
export interface ListenFilter {
  readonly toolsListChanged?: true;
  readonly promptsListChanged?: true;
  readonly resourcesListChanged?: true;
  readonly resourceSubscriptions?: readonly string[];
}

/** Whether a stream with this filter carries the change. */
export function filterAccepts(filter: ListenFilter, change: Change): boolean {
  switch (change.type) {
    case "tools_list_changed":
      return filter.toolsListChanged === true;
    case "prompts_list_changed":
      return filter.promptsListChanged === true;
    case "resources_list_changed":
      return filter.resourcesListChanged === true;
    case "resource_updated":
      return filter.resourceSubscriptions?.includes(change.uri) === true;
    default:
      return change satisfies never;
  }
}

/** The JSON-RPC notification that tells of a change. */
export function changeNotification(change: Change): {
  readonly method: string;
  readonly params?: { readonly uri: string };
} {
  switch (change.type) {
    case "tools_list_changed":
      return { method: "notifications/tools/list_changed" };
    case "prompts_list_changed":
      return { method: "notifications/prompts/list_changed" };
    case "resources_list_changed":
      return { method: "notifications/resources/list_changed" };
    case "resource_updated":
      return { method: "notifications/resources/updated", params: { uri: change.uri } };
    default:
      return change satisfies never;
  }
}

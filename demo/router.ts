import type { Route } from "./route.ts";

/** A route and the values of its path parameters. */
export interface Match {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
}

/** Finds the route of a request: `match` by method and path, `methods` what a path allows at all. */
export interface Router {
  match(method: string, pathname: string): Match | undefined;
  methods(pathname: string): readonly string[];
}

interface Pattern {
  readonly route: Route;
  readonly expression: RegExp;
  /** Parameters in the template; fewer means a closer match. */
  readonly parameters: number;
}

/** A router over the routes. A literal segment wins over a parameter: `/incidents/count` is not an incident. */
export function routerOf(routes: readonly Route[]): Router {
  const bySegments = Map.groupBy(routes.map(patternOf), (pattern) => segmentsIn(pattern.route.path));
  for (const patterns of bySegments.values()) patterns.sort((one, other) => one.parameters - other.parameters);
  const candidates = (pathname: string): readonly Pattern[] =>
    (bySegments.get(segmentsIn(pathname)) ?? []).filter((pattern) => pattern.expression.test(pathname));
  return {
    match: (method, pathname) => {
      const pattern = candidates(pathname).find((candidate) => candidate.route.method === method);
      return pattern && { route: pattern.route, path: decoded(pattern.expression.exec(pathname)?.groups ?? {}) };
    },
    methods: (pathname) => [...new Set(candidates(pathname).map((pattern) => pattern.route.method))],
  };
}

function patternOf(route: Route): Pattern {
  const literal = route.path.replaceAll(/[.+*?^$()|[\]\\]/g, "\\$&");
  return {
    route,
    expression: new RegExp(`^${literal.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/:]+)")}$`),
    // A verb after a colon is closer than the bare parameter.
    parameters: (route.path.match(/\{/g) ?? []).length - (route.path.includes(":") ? 0.5 : 0),
  };
}

function segmentsIn(path: string): number {
  return path.split("/").length;
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value)]));
}

/** A segment that is not valid percent-encoding stands for itself; no id looks like that. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

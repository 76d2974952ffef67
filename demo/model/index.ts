/** The model of Beacon: every noun of its API, by domain. */
import { alerts } from "./alerts.ts";
import { automation } from "./automation.ts";
import { beats } from "./beats.ts";
import { changes } from "./changes.ts";
import { incidents } from "./incidents.ts";
import { maintenance } from "./maintenance.ts";
import { monitoring } from "./monitoring.ts";
import type { Noun } from "./noun.ts";
import { onCall } from "./onCall.ts";
import { pages } from "./pages.ts";
import { people } from "./people.ts";
import { telemetry } from "./telemetry.ts";

/** All nouns, in the order the document lists them. */
export const nouns: readonly Noun[] = [
  ...monitoring,
  ...beats,
  ...incidents,
  ...alerts,
  ...pages,
  ...maintenance,
  ...onCall,
  ...people,
  ...telemetry,
  ...changes,
  ...automation,
];

const byName: ReadonlyMap<string, Noun> = new Map(nouns.map((noun) => [noun.name, noun]));

/** The noun of that name. Throws when there is none: names come from the model itself. */
export function nounNamed(name: string): Noun {
  const noun = byName.get(name);
  if (noun === undefined) throw new Error(`the model has no noun "${name}"`);
  return noun;
}

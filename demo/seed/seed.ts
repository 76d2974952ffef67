import { enrolKey } from "../keys.ts";
import { nounNamed } from "../model/index.ts";
import { finished } from "../rows.ts";
import type { Store } from "../store.ts";
import { changes } from "./changes.ts";
import { incidents } from "./incidents.ts";
import { monitoring } from "./monitoring.ts";
import { pages } from "./pages.ts";
import { demoKeys, people } from "./people.ts";
import { sampleRows } from "./samples.ts";
import { type SeedRow, type World, worldOf } from "./world.ts";

/** Fills an empty store with two organisations. The same base time gives the same rows. Does nothing in a store that has been seeded. */
export function seed(store: Store, base: Date): void {
  if (store.meta("seeded") !== undefined) return;
  store.transaction(() => {
    seedOrganisation(store, worldOf("acme", "Acme Cloud", "acme.example", base), base);
    seedOrganisation(store, worldOf("globex", "Globex", "globex.example", base), base);
    for (const { key, organisation, row } of demoKeys) enrolKey(store, key, `org_${organisation}`, row.id);
    store.setMeta("seeded", base.toISOString());
  });
}

function seedOrganisation(store: Store, world: World, base: Date): void {
  const told = [...people(world), ...changes(world, base), ...monitoring(world), ...pages(world), ...incidents(world)];
  for (const row of [...told, ...sampleRows(world, told)]) insert(store, world, row);
}

function insert(store: Store, world: World, [nounName, row]: SeedRow): void {
  const noun = nounNamed(nounName);
  const organisationId = `org_${world.slug}`;
  const createdAt = row.createdAt ?? world.ago(60 * 24 * 60);
  const whole = { ...row, organisationId, createdAt, updatedAt: createdAt, rev: 1 };
  store.insert(organisationId, noun.name, finished(noun, whole, world.ago(0)));
}

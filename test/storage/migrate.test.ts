import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { migrations } from "../../src/storage/migrations/index.ts";
import { testFolder } from "../fakes/folder.ts";
import { migrationContract } from "./migrations.ts";

describe("migrations of a file of SQLite", () => {
  migrationContract(() => `sqlite:${join(testFolder(), "specgate.db")}`);
});

it("migrations are numbered 1, 2, 3 … without a gap", () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, at) => at + 1));
});

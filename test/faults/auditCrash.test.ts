import { expect, it } from "vitest";
import { crashes } from "../fakes/auditCrash.ts";

it("a gateway that is killed at random moments leaves no change unrecorded, and does none twice (X17)", async () => {
  const report = await crashes(20, Math.random);
  expect(report).toMatchObject({ unintended: 0, twice: [], uneven: [], denied: [], broken: undefined });
  expect(report.sent).toBeGreaterThan(20);
  expect(report.leftOpen).toBeGreaterThan(0);
});

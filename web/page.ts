import type { PageFacts } from "../src/http/routes/web/pages.ts";

/** What the gateway wrote into the page. */
export const page: PageFacts = JSON.parse(document.getElementById("app")?.dataset.facts ?? "null") as PageFacts; // written by pages.ts

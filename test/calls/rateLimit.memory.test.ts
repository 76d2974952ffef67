import { createMemoryRateLimit } from "../../src/calls/rateLimit.memory.ts";
import { rateLimitContract } from "./rateLimitContract.ts";

rateLimitContract({ name: "memory", make: async (_name, perMinute) => createMemoryRateLimit(perMinute) });

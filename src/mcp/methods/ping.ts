import type { Method } from "../context.ts";

/** `ping`: an empty result. Session era only. https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/ping */
export const ping: Method = async () => ({ value: {} });

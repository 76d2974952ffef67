import type { Opened } from "../auth/seal.ts";
import { Secret } from "../telemetry/secret.ts";
import type { UpstreamGrant } from "./port.ts";

/** What stands encrypted in the row of a Connection's key. */
interface Stored {
  readonly credential: string;
  readonly refresh?: { readonly token: string; readonly expiresAtMs: number };
}

/** `grant` as the text to encrypt. The name of its key at the upstream is no secret and stands elsewhere. */
export function sealUpstream({ credential, refresh }: UpstreamGrant): Secret {
  const stored: Stored = {
    credential: credential.reveal(),
    ...(refresh && { refresh: { token: refresh.token.reveal(), expiresAtMs: refresh.expiresAtMs } }),
  };
  return new Secret(JSON.stringify(stored));
}

/** What {@link sealUpstream} made, after it was opened; null where it could not be. */
export function openUpstream(opened: Opened | null): { readonly grant: UpstreamGrant; readonly isOld: boolean } | null {
  if (opened === null) return null;
  const { credential, refresh } = JSON.parse(opened.secret.reveal()) as Stored; // written by sealUpstream
  return {
    isOld: opened.isOld,
    grant: {
      credential: new Secret(credential),
      ...(refresh && { refresh: { token: new Secret(refresh.token), expiresAtMs: refresh.expiresAtMs } }),
    },
  };
}

import type { JSX } from "preact";
import type { ConnectionView } from "../../src/oauth/port.ts";
import { Tag } from "./Notice.tsx";

type ClientFacts = Pick<ConnectionView, "keyName" | "clientName" | "clientHost" | "redirectHost">;

/** Which program is connected, and who vouches for it. */
export function Client({ keyName, clientName, clientHost, redirectHost }: ClientFacts): JSX.Element {
  return (
    <>
      <strong class="name">{keyName}</strong>
      <span class="under">
        <Identity keyName={keyName} clientName={clientName} clientHost={clientHost} redirectHost={redirectHost} />
      </span>
    </>
  );
}

/** By its metadata document, by a callback that only it has, or by nothing: then its key says so. */
function Identity({ keyName, clientName, clientHost, redirectHost }: ClientFacts): JSX.Element {
  if (clientHost !== null)
    return (
      <>
        <Tag kind="good">Verified</Tag> by {clientHost}
      </>
    );
  if (/\(unverified\)( \(\d+\))?$/.test(keyName))
    return (
      <>
        <Tag kind="warn" title="The program gave its name itself.">
          Unverified
        </Tag>{" "}
        calls itself {clientName}, returns to {redirectHost}
      </>
    );
  return (
    <>
      <Tag kind="good">Known</Tag> returns to {redirectHost}
    </>
  );
}

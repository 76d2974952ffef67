import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { KeyOffer } from "../../src/oauth/account/account.ts";
import type { Named } from "../../src/storage/port.ts";
import { type ApiError, queryOf, send } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Problem } from "../parts/Notice.tsx";
import { errorOf, useLoaded } from "../parts/useLoaded.ts";
import { NewKey } from "./NewKey.tsx";
import { PageChoice } from "./PageChoice.tsx";
import { PresetChoice } from "./PresetChoice.tsx";

export interface CreateKeyProps {
  readonly organisations: readonly Named[];
  /** Chosen at first; empty: the first one. */
  readonly organisation: string;
  readonly onCreated: () => Promise<void>;
  readonly onClose: () => void;
}

const lives = [
  { days: 30, words: "30 days" },
  { days: 90, words: "90 days" },
  { days: 365, words: "1 year" },
  { days: 0, words: "No expiry" },
] as const;

const dayMs = 86_400_000;

/** Asks what the key is to be, makes it, and shows it once. */
export function CreateKey(props: CreateKeyProps): JSX.Element {
  const [organisation, setOrganisation] = useState(props.organisation || (props.organisations[0]?.id ?? ""));
  const [name, setName] = useState("");
  const [preset, setPreset] = useState("read");
  const [days, setDays] = useState(90);
  const [pages, setPages] = useState<readonly string[]>();
  const [value, setValue] = useState<string>();
  const [fault, setFault] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const offer = useLoaded(() => send<KeyOffer>("GET", `/account/offer${queryOf({ organisation })}`), [organisation]);
  useEffect(() => setPages(undefined), [organisation]);
  const create = async (): Promise<void> => {
    setBusy(true);
    try {
      const { key } = await send<{ key: string }>("POST", "/account/keys", {
        name: name.trim(),
        preset,
        ...(organisation !== "" && { organisation }),
        ...(pages !== undefined && { pages }),
        ...(days > 0 && { expiresAt: new Date(Date.now() + days * dayMs).toISOString() }),
      });
      setValue(key);
      await props.onCreated();
    } catch (thrown) {
      setFault(errorOf(thrown));
      setBusy(false);
    }
  };
  if (value !== undefined) return <NewKey name={name.trim()} value={value} onClose={props.onClose} />;
  return (
    <Dialog title="Create an API key" onClose={props.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <label class="field">
          Name
          <input
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            required
            maxLength={100}
            placeholder="Nightly report"
            autocomplete="off"
          />
        </label>
        {props.organisations.length > 1 && (
          <label class="field">
            Organisation
            <select value={organisation} onChange={(event) => setOrganisation(event.currentTarget.value)}>
              {props.organisations.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name ?? one.id}
                </option>
              ))}
            </select>
          </label>
        )}
        <Problem error={offer.error} />
        <PresetChoice presets={offer.value?.presets ?? []} chosen={preset} onChoose={setPreset} />
        {offer.value?.pages != null && (
          <PageChoice pages={offer.value.pages} label={offer.value.pagesLabel} chosen={pages} onChoose={setPages} />
        )}
        <label class="field">
          Expires after
          <select value={String(days)} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            {lives.map((one) => (
              <option key={one.days} value={String(one.days)}>
                {one.words}
              </option>
            ))}
          </select>
        </label>
        <Problem error={fault} />
        <div class="buttons">
          <button type="button" onClick={props.onClose}>
            Cancel
          </button>
          <button type="submit" class="main" disabled={isBusy || offer.value === undefined}>
            Create key
          </button>
        </div>
      </form>
    </Dialog>
  );
}

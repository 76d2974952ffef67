import type { Named } from "../../storage/port.ts";
import { interactionPath } from "../paths.ts";
import type { ConnectionView, InteractionDetails } from "../port.ts";
import { type Html, html, type Piece } from "./html.ts";
import type { Offer } from "./offer.ts";
import type { PageContent } from "./page.ts";
import { type ScopeGroup, wordsOf } from "./words.ts";

/** What the pages of one interaction are written from. */
export interface View {
  readonly brand: string;
  readonly details: InteractionDetails;
  readonly csrfToken: string;
  /** What `oauth.consent.words` says. */
  readonly words: Readonly<Record<string, string>>;
  /** What went wrong with the form before; its page is shown again. */
  readonly problem?: string;
  /** Status of the answer. Default 200. */
  readonly status?: number;
}

/** The ways to sign in that there are. */
export interface Ways {
  /** Name of the provider. */
  readonly oidc?: string;
  readonly key: boolean;
  /** Signs in anew even where the provider remembers somebody. */
  readonly again: boolean;
}

function actionOf({ uid }: InteractionDetails, action: string): string {
  return `${interactionPath}/${uid}/${action}`;
}

function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`;
}

function nameOf({ id, name }: Named): string {
  return name ?? id;
}

/** The page before anybody is signed in: who asks, where the answer goes, and how to sign in. */
export function startPage(view: View, { oidc, key, again }: Ways): PageContent {
  const { brand, details, csrfToken } = view;
  const form = (body: Html): Html =>
    html`<form method="post" action="${actionOf(details, "sign-in")}">${hidden("csrf", csrfToken)}${body}</form>`;
  const byProvider =
    oidc !== undefined &&
    form(
      html`${hidden("with", "oidc")}${again && hidden("again", "1")}<button class="main">Continue with ${oidc}</button>`,
    );
  const byKey =
    key &&
    form(html`${hidden("with", "key")}
<label class="field" for="key">${brand} API key</label>
<input id="key" name="key" type="password" autocomplete="off" spellcheck="false" autocapitalize="off" required maxlength="1024" aria-describedby="key-note">
<p class="note" id="key-note">It is checked with ${brand} and kept encrypted. ${details.client.name} never sees it, and gets no more rights than it has.</p>
<button${oidc === undefined && html` class="main"`}>Continue with this key</button>`);
  return {
    title: `Connect ${details.client.name}`,
    status: view.status ?? 200,
    body: html`<h1>Connect ${details.client.name} to ${brand}</h1>
<p class="lead">Sign in to decide what it may do. Nothing is shared before you approve.</p>
${problemBox(view)}
${clientFacts(details)}
${warnings(details)}
${byProvider}
${oidc !== undefined && key && html`<div class="or">or</div>`}
${byKey}`,
  };
}

function problemBox({ problem }: Pick<View, "problem">): Piece {
  return problem !== undefined && html`<div class="box bad" role="alert"><p>${problem}</p></div>`;
}

function clientFacts({ client, redirect }: InteractionDetails, more: Piece = ""): Html {
  const identity =
    client.verifiedHost !== null
      ? html`<span class="tag good">Verified</span> by ${client.verifiedHost}`
      : client.registration === "configured"
        ? html`<span class="tag good">Known</span> set up by the administrator`
        : html`<span class="tag warn">Unverified</span><p class="note">The program gave this name itself.</p>`;
  return html`<dl>
<div><dt>Program</dt><dd>${client.name}</dd></div>
<div><dt>Identity</dt><dd>${identity}</dd></div>
<div><dt>Returns you to</dt><dd>${redirect.host}</dd></div>
${more}
</dl>`;
}

function warnings({ redirect, client }: InteractionDetails): Piece {
  if (redirect.isCustomScheme)
    return html`<div class="box warn"><p><strong>Go on only if you started this yourself, just now.</strong> The answer goes to whichever program on this device opens ${redirect.host} links. That may be another than ${client.name}.</p></div>`;
  return (
    redirect.isLoopback &&
    html`<div class="box warn"><p><strong>Go on only if you started this yourself, just now.</strong> The answer goes to a program on this computer (${redirect.host}), and any program here could have asked under this name.</p></div>`
  );
}

/** The page on which one of several organisations is chosen. */
export function organisationPage(view: View, user: Named, organisations: readonly Named[]): PageContent {
  const { details, brand } = view;
  return {
    title: "Choose an organisation",
    status: view.status ?? 200,
    body: html`<h1>Which organisation should ${details.client.name} reach?</h1>
<p class="lead">It will see this one only. You can connect others later.</p>
${problemBox(view)}
${clientFacts(details, signedInRow(view, user))}
${warnings(details)}
<form method="get" action="${`${interactionPath}/${details.uid}`}">
<fieldset><legend>${brand} organisation</legend>
${organisations.map(
  (one, index) =>
    html`<label class="choice"><input type="radio" name="organisation" value="${one.id}" required${index === 0 && html` checked`}><span>${nameOf(one)}</span></label>`,
)}
</fieldset>
<div class="buttons one"><button class="main">Continue</button></div>
</form>
${denyForm(view)}`,
  };
}

function signedInRow({ details, csrfToken }: View, user: Named): Html {
  return html`<div><dt>Signed in as</dt><dd>${nameOf(user)}
<form method="post" action="${actionOf(details, "sign-out")}">${hidden("csrf", csrfToken)}<button class="link">Use another account</button></form></dd></div>`;
}

function denyForm({ details, csrfToken }: View): Html {
  return html`<form method="post" action="${actionOf(details, "decision")}">${hidden("csrf", csrfToken)}
<div class="buttons one"><button name="decision" value="deny">Deny</button></div></form>`;
}

/** What was ticked before, where a form is shown again; absent: what is to be ticked at first. */
export interface Ticked {
  readonly pages: readonly string[];
  readonly scopes: readonly string[];
}

/** An Offer, and what else may be widened instead. */
export interface ShownOffer extends Offer {
  readonly others: readonly ConnectionView[];
}

/**
 * The consent page: what is asked for beyond what the client has, grouped by what it lets it do; what changes anything is not ticked.
 * The first button is *Deny*, so that the Enter key approves nothing.
 */
export function consentPage(
  view: View,
  offer: ShownOffer,
  {
    groups,
    pagesLabel,
    ticked,
  }: { readonly groups: readonly ScopeGroup[]; readonly pagesLabel: string; readonly ticked?: Ticked },
): PageContent {
  const { details, brand, csrfToken } = view;
  const { extended, organisation } = offer;
  const { client, redirect } = details;
  const facts = html`${signedInRow(view, offer.user)}
${extended !== null && html`<div><dt>Connection</dt><dd>${extended.keyName}<small>${timesOf(extended)}</small>${otherLinks(view, offer)}</dd></div>`}
${organisation !== null && html`<div><dt>Organisation</dt><dd>${nameOf(organisation)}${changeLink(view, offer)}</dd></div>`}
${extended !== null && extended.pages.length > 0 && html`<div><dt>${pagesLabel}</dt><dd>${extended.pages.map(nameOf).join(", ")}</dd></div>`}`;
  const canApprove = groups.length > 0;
  return {
    title: extended === null ? `Allow ${client.name}` : `Allow ${client.name} more`,
    status: view.status ?? 200,
    formActions: [redirect.formAction],
    body: html`<h1>${extended === null ? `Allow ${client.name} to use ${brand} for you?` : `Allow ${client.name} to do more?`}</h1>
<p class="lead">${lead(offer, view)}</p>
${problemBox(view)}
${clientFacts(details, facts)}
${warnings(details)}
<form method="post" action="${actionOf(details, "decision")}">
${hidden("csrf", csrfToken)}
${organisation !== null && hidden("organisation", organisation.id)}
${extended !== null && hidden("extend", extended.id)}
${offer.pages !== null && pagesField(offer.pages, pagesLabel, ticked?.pages)}
${groups.map((group) => groupField(group, ticked?.scopes))}
${beyondNote(offer, view)}
<p class="note">${keyNote(details, extended)}</p>
<div class="buttons${!canApprove && " one"}">
<button name="decision" value="deny">Deny</button>
${canApprove && html`<button name="decision" value="approve">Approve</button>`}
</div>
</form>`,
  };
}

function lead({ extended, scopes }: Offer, { brand, details }: View): string {
  if (scopes.length === 0)
    return `It asks for what your own account in ${brand} does not allow, so there is nothing to approve.`;
  if (extended !== null) {
    // Only a client that registered by itself is one installation: the others share their id with all of the same program.
    const isShared = details.client.registration !== "dynamic";
    const which = isShared ? " If it asks from another computer than that connection's, connect anew instead." : "";
    return `It is connected already, and asks for these rights in addition. Tick what you want to allow.${which}`;
  }
  return "It can never do more than you can yourself. Changes are off until you tick them.";
}

function changeLink({ details }: View, { organisations, extended }: ShownOffer): Piece {
  const path = `${interactionPath}/${details.uid}`;
  return extended === null && organisations.length > 1 && html` · <a href="${`${path}?new=1`}">Change</a>`;
}

/** By what somebody tells one installation of a program from another: the days that it was connected and last used. */
function timesOf({ createdAt, lastUsedAt }: ConnectionView): string {
  const used = lastUsedAt === null ? "" : `, last used ${timeOf(lastUsedAt)}`;
  return `connected ${timeOf(createdAt)}${used}`;
}

function timeOf(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}

function otherLinks({ details }: View, { others }: ShownOffer): Html {
  const path = `${interactionPath}/${details.uid}`;
  return html`<a href="${`${path}?new=1`}">Connect anew instead</a>${others.map(
    (other) =>
      html`<br><a href="${`${path}?extend=${other.id}`}">${other.keyName} instead</a><small>${timesOf(other)}</small>`,
  )}`;
}

function pagesField(pages: readonly Named[], label: string, ticked: readonly string[] | undefined): Html {
  if (pages.length === 0)
    return html`<fieldset><legend>${label}</legend><p class="note">There are none that you can see.</p></fieldset>`;
  return html`<fieldset><legend>${label} it may reach</legend>
${pages.map(
  (page) =>
    html`<label class="choice"><input type="checkbox" name="page" value="${page.id}"${(ticked === undefined || ticked.includes(page.id)) && html` checked`}><span>${nameOf(page)}</span></label>`,
)}
<p class="note">Those added later are not included.</p></fieldset>`;
}

function groupField({ effect, heading, scopes }: ScopeGroup, ticked: readonly string[] | undefined): Html {
  const isTicked = (scope: string): boolean => (ticked === undefined ? effect === "read" : ticked.includes(scope));
  return html`<fieldset><legend>${heading}</legend>
${scopes.map(
  ({ scope, words }) =>
    html`<label class="choice"><input type="checkbox" name="scope" value="${scope}"${isTicked(scope) && html` checked`}><span>${words}<small>${scope}</small></span></label>`,
)}
</fieldset>`;
}

function beyondNote({ beyond, scopes }: Offer, { brand, words }: View): Piece {
  if (beyond.length === 0) return "";
  const listed = beyond.map((one) => wordsOf(one, brand, words)).join("; ");
  return html`<div class="box warn"><p>${scopes.length > 0 ? "Asked for too, but your own account does not allow it" : "Your own account does not allow it"}: ${listed}.</p></div>`;
}

function keyNote({ client }: InteractionDetails, extended: ConnectionView | null): string {
  if (extended !== null) return `The key “${extended.keyName}” gets these rights. You can delete it at any time.`;
  return `A key “${client.keyName}” will be listed with the others. Delete it at any time to end the connection.`;
}

/** The page that sends the browser on to the provider: a form may not be redirected there by the rules of our own pages. */
export function leavingPage(url: string, provider: string): PageContent {
  return {
    title: `Continue to ${provider}`,
    refreshTo: url,
    body: html`<h1>Taking you to ${provider}</h1>
<p class="lead">You come back here after you have signed in.</p>
<a class="button main" href="${url}">Continue</a>`,
  };
}

/** A page that ends here, and says what to do. */
export function failurePage(status: number, message: string, next: string | undefined): PageContent {
  const said = `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
  return {
    title: "This did not work",
    status,
    body: html`<h1>This did not work</h1>
<div class="box bad" role="alert"><p>${said.replace(/\.?$/, ".")}</p></div>
${next !== undefined && html`<p class="lead">${next}</p>`}`,
  };
}

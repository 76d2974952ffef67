import type { CrudKind, Effect } from "../../src/descriptor.ts";

/** What a verb says about an Operation it names. */
export interface Verb {
  readonly verb: string;
  /** The CRUD kind it stands for; absent: the verb names an action. */
  readonly kind?: CrudKind;
  readonly effect: Effect;
  /** It is as often a noun (`report`, `export`, `order`): on a path it is a verb only where nothing says otherwise. */
  readonly alsoNoun?: true;
  /** Below an id it is hardly a noun: `/doors/{id}/open`. */
  readonly seldomNoun?: true;
  /** It reads by GET and in RPC; by POST it may as well mark, index or load something: `POST /notifications/{id}/read`. */
  readonly softRead?: true;
  /** It reads one or many, depending on the answer (`find`, `get`, `fetch`). */
  readonly eitherNumber?: true;
  /** Repeats an HTTP method and so says little on its own: `PostCustomers`, `getUsers`. */
  readonly method?: true;
}

const crud: Readonly<Record<CrudKind, string>> = {
  list: "list index enumerate browse",
  count: "count",
  get: "get read retrieve show describe fetch find lookup load view info~",
  create: "create add insert new make",
  update: "update edit modify patch",
  delete: "delete remove destroy del",
};

/** Actions by effect. A `~` marks a word that is as often a noun. */
const actions: Readonly<Record<Effect, string>> = {
  read:
    "search query filter~ download preview compare diff~ estimate calculate compute explain tail aggregate summarize " +
    "suggest autocomplete inspect stat~ ping health~ whoami has is can exists scan~ lint analyze monitor~ poll stream~ " +
    "watch~ check~ status~ report~ export~ forecast~ match~ select decode",
  write:
    "run trigger send resend start~ stop~ restart pause~ resume archive~ unarchive acknowledge ack unacknowledge resolve " +
    "reopen close~ open~ approve reject accept decline deny cancel complete finish finalize confirm submit publish " +
    "unpublish activate deactivate enable disable lock~ unlock block~ unblock ban~ unban suspend unsuspend mute unmute " +
    "snooze assign unassign attach detach link~ unlink connect disconnect bind unbind join leave~ invite follow unfollow " +
    "subscribe unsubscribe star~ unstar like~ unlike vote~ pin~ unpin mark~ unmark flag~ unflag tag~ untag move~ copy~ clone " +
    "duplicate fork~ merge rebase split transfer~ migrate rename convert transform import~ upload~ ingest sync~ refresh " +
    "reload rebuild reindex regenerate generate renew rotate retry rerun replay rollback revert restore undelete undo " +
    "redo apply promote demote register login logout signin signout signup authenticate authorize verify validate test~ " +
    "execute exec invoke call~ process~ perform trial~ capture~ charge~ refund~ void settle pay checkout order~ purchase~ book~ " +
    "reserve reschedule schedule~ deploy install upgrade downgrade provision scale resize reboot shutdown boot~ wake sleep " +
    "notify broadcast emit dispatch forward reply comment~ share~ unshare grant~ give take " +
    "borrow return~ checkin release~ hold~ claim~ escalate deescalate dismiss ignore unignore request~ respond answer~ " +
    "ask echo~ simulate convert render print~ encode sign encrypt decrypt set put post~ patch~ save store~ upsert toggle " +
    "switch~ increment decrement append prepend push pull~ pop enqueue dequeue replace swap reorder sort~ rank score~ rate~ " +
    "review~ evaluate train predict embed moderate translate transcribe classify extract~ change " +
    "handle track~ log~ record~ measure configure setup initialize init prepare begin commit~ batch bulk " +
    "unregister expire extend shorten ensure touch bump~ fix~ repair recover " +
    "reconcile heal drain cordon uncordon evict failover backup~ snapshot~ mount~ unmount format fail skip~ advance pick " +
    "deposit withdraw impersonate elevate handoff page~ dial hangup redirect stage unstage end~ deliver recheck redeliver " +
    "reassign reprocess resubmit reactivate reauthorize reinvite reissue rewind recalculate requeue reconnect reimport refetch",
  destroy:
    "purge clear wipe truncate reset revoke erase flush empty drop~ terminate uninstall kill~ abort discard overwrite " +
    "forget unset prune clean cleanup expunge nuke deprovision decommission invalidate trash~ obliterate redact",
};

/** Nouns of their own, such as bus stops, but below an id they say what is done. */
const seldomNoun: ReadonlySet<string> = new Set(
  (
    "start stop pause close open archive backup block ban call capture copy drop echo extract fix import upload kill leave mark " +
    "mount move pin post patch print pull save skip sort switch sync test trash trial watch boot bump end commit book star like"
  ).split(" "),
);
const softRead: ReadonlySet<string> = new Set("read view load show fetch index browse".split(" "));
const methodVerbs: ReadonlySet<string> = new Set(["get", "post", "put", "patch"]);
const eitherNumber: ReadonlySet<string> = new Set("get find fetch read retrieve show lookup load view info".split(" "));

const table: ReadonlyMap<string, Verb> = new Map([...crudEntries(), ...actionEntries()].reverse());

function crudEntries(): [string, Verb][] {
  return (Object.keys(crud) as CrudKind[]).flatMap((kind) =>
    crud[kind].split(" ").map((word) => entry(word, effectOf(kind), kind)),
  );
}

function actionEntries(): [string, Verb][] {
  return (Object.keys(actions) as Effect[]).flatMap((effect) =>
    actions[effect].split(" ").map((word) => entry(word, effect)),
  );
}

function entry(word: string, effect: Effect, kind?: CrudKind): [string, Verb] {
  const verb = word.replace("~", "");
  return [
    verb,
    {
      verb,
      effect,
      ...(kind !== undefined && { kind }),
      ...(word.includes("~") && { alsoNoun: true }),
      ...(seldomNoun.has(verb) && { seldomNoun: true }),
      ...(softRead.has(verb) && { softRead: true }),
      ...(eitherNumber.has(verb) && { eitherNumber: true }),
      ...(methodVerbs.has(verb) && { method: true }),
    },
  ];
}

/** The Effect that follows from a CRUD kind alone. */
export function effectOf(kind: CrudKind): Effect {
  if (kind === "delete") return "destroy";
  return kind === "create" || kind === "update" ? "write" : "read";
}

/** What a lower-case word says as a verb, or undefined when it is none that we know. */
export function verbOf(word: string | undefined): Verb | undefined {
  return word === undefined ? undefined : table.get(word);
}

/** How much an Effect may do, for "the most careful of the candidates". */
export const caution: Readonly<Record<Effect, number>> = { read: 0, write: 1, destroy: 2 };

/** The one of the Effects that may do most. */
export function mostCareful(effects: readonly Effect[]): Effect {
  return effects.reduce((worst, effect) => (caution[effect] > caution[worst] ? effect : worst), "read");
}

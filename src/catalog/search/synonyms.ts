/** How surely a word means another: `same` in the mouth of nearly everyone, `often`, or a mere `hint`. */
export type Sureness = "same" | "often" | "hint";

/** Texts (words or phrases, `~` for up to three words) by which people mean other texts, the ones that APIs have as names. */
export interface Synonyms {
  readonly said: readonly string[];
  readonly meant: readonly string[];
  readonly sureness: Sureness;
}

/** Any of these words means any other, in both directions. */
const groups: readonly string[] = [
  // operations
  "incident, outage, disruption, interruption, breakdown, service failure, service interruption, malfunction",
  "alert, warning, alarm",
  "monitor, check, healthcheck, uptime check, availability check, keep an eye on, keeping an eye on, watch, surveil",
  "probe, agent, monitoring agent, checking location, monitoring location, vantage point, watcher",
  "status page, public page, status site, status website, health page, uptime page, public status",
  "subscriber, follower, follow, mailing list, recipient, subscription, subscribe, unsubscribe, sign up for updates, signed up for updates",
  "announcement, announce, announced, notice, bulletin, broadcast, news",
  "scheduled maintenance, maintenance, planned maintenance, planned work, planned downtime, planned outage, maintenance window, service window, change window, maintenance event",
  "severity, urgency, criticality, importance, how bad, how serious",
  "state, stage, phase",
  "timeline, chronology, course of events, sequence of events, history, transition",
  "feed, activity, activity log, activity stream",
  "note, comment, remark, annotation",
  "internal, confidential, among ourselves",
  "public, publish, publicly, external, outside",
  "template, prepared form, blueprint, preset, canned, prepared, predefined, boilerplate, pattern",
  "custom field, extra field, own field, additional field, additional attribute, extra attribute, custom attribute, custom property, additional property",
  "owner, responsible, in charge, accountable, assignee, who owns, owned by, assign, assigned, hand over, handed over, take care of, looks after, responsibility",
  "label, tag, marker",
  "oncall, on duty, pager, standby, pagerduty, duty",
  "schedule, rota, roster, rotation, shift, calendar, duty plan, duty roster",
  "layer, tier",
  "override, overrule, substitute, substitution, stand in, stands in, stand-in, swap shift, swap duty, cover for, covers for, deputy",
  "escalation, escalate, escalation step, escalation level, next in line",
  "deployment, deploy, deployed, rollout, roll out, rolled out, ship, shipped",
  "execution, run, ran, executed, executing, running",
  "notification, notify, notified, informed",
  "dashboard, board, chart, graph, cockpit, visualisation, visualization",
  "workflow, automation, automated, automatic action, automatism, automate",
  "variable, environment variable, parameter",
  "log, log line, log entry, protocol, log message",
  "span, trace, tracing, request trace",
  "metric, measurement, time series, gauge, measured value",
  "exception, stack trace, stacktrace, runtime error",
  "telemetry, opentelemetry, otel, observability",
  "dependency, depend, depends on, relies on, rely",
  "catalog, catalogue, directory, registry, inventory",
  "repository, repo, codebase",
  "pull request, merge request",
  "domain, hostname, dns name, subdomain, vanity url, web address, own address",
  "sso, single sign on, single signon, saml, okta, identity provider",
  "two factor, 2fa, mfa, second factor, multi factor, totp, authenticator app",
  "color, colour",
  "sms, text message, texted",
  "email, mail, emailed, mailed",
  "call log, phone call, voice call, dialed",
  "secret, password, credential",
  "file, attachment, upload, document, image, picture",
  "link, hyperlink",
  "bar, column",
  // people and accounts
  "team, squad, crew, department",
  "member, membership, teammate, colleague, coworker, staff",
  "user, person, people, account, human, employee",
  "customer, client, buyer, patron",
  "project, organisation, organization, tenant, company",
  "permission, right, privilege, authorization, authorisation, access right, access level, allowed to",
  "api key, api token, access token, api credential, api secret, machine access",
  "role, function",
  "invitation, invite, invited",
  "login, signin, sign-in",
  "payment, charge, pay",
  "invoice, bill, billing",
  "order, purchase",
  "product, article, goods, sku",
  "message, chat message",
  "delete, removal",
  "review, rating, feedback",
  "photo, picture, image",
  "vehicle, car",
];

const directed: readonly (readonly [said: string, meant: string, sureness: Sureness])[] = [
  // what people say for the whole of something
  ["website, site, web page, homepage, landing, url, host, server, ping, ping test, heartbeat", "monitor", "often"],
  ["test, observe, observing, endpoint, service, app, certificate, ssl, port, device, uptime", "monitor", "hint"],
  [
    "issue, problem, failure, trouble, emergency, crash, down, broken, going wrong, wrong, ticket, case",
    "incident",
    "often",
  ],
  ["error, bug, fault, root cause, postmortem, post mortem, impact", "incident", "hint"],
  ["alarm bell, threshold", "alert", "often"],
  ["error, bug, crash, unresolved", "exception", "often"],
  ["page", "status page", "often"],
  ["customer facing, visible to customers, visible to clients, visitor", "status page", "hint"],
  [
    "maintain, upgrade, replacement, migration, patching, patch, planned, plan, window, works, planned",
    "scheduled maintenance",
    "often",
  ],
  ["move, postpone, reschedule, scheduled", "scheduled maintenance", "hint"],
  [
    "downtime, uptime, availability, was down, been down, was ~ down, been ~ down, long ~ down, offline, degraded",
    "monitor status timeline",
    "often",
  ],
  ["downtime, uptime, availability, offline, operational, degraded", "monitor status", "hint"],
  ["status", "state", "often"],
  ["state", "status", "often"],
  ["step, progress", "state", "hint"],
  [
    "resolve, resolved, close, closed, acknowledge, acknowledged, reopen, over, fixed, solved",
    "state timeline",
    "hint",
  ],
  ["changed, change, happened, went through", "timeline", "hint"],
  ["happened, activity, event, latest", "feed", "hint"],
  ["event, occurrence, entry", "timeline", "hint"],
  ["record, history, happened, sent, delivered, was sent, were sent, went out, did run, journal", "log", "hint"],
  ["priority, level", "severity", "often"],
  ["priority", "action type", "hint"],
  ["write, document, write down, mention, message, text", "note", "hint"],
  ["private, secretly", "internal", "hint"],
  ["customer, client, customers, visitor, visible", "public", "hint"],
  ["publish, post, customer update, outward", "public note", "often"],
  ["banner, headline, let ~ know", "announcement", "often"],
  [
    "recipient, mail, newsletter, audience, reader, everyone who get, get mail, receive mail, receives, gets updates",
    "subscriber",
    "often",
  ],
  ["customer, client, reader", "subscriber", "hint"],
  ["form, standard, ready made, reusable, default text, sample", "template", "often"],
  ["field, attribute, property", "custom field", "hint"],
  ["group", "team", "same"],
  ["add ~ to, add ~ into, put ~ into, remove ~ from, kick ~ from, join, belong", "member", "often"],
  ["engineer, developer, operator, admin, colleague, people", "team", "hint"],
  ["invite, invitation, who ~ in, belong to, belongs to, part of, throw ~ out, leave ~ team", "member", "often"],
  ["person, people, colleague, engineer, someone, joined, join", "member", "hint"],
  ["login, access, guest, visitor, colleague, member, engineer, who", "user", "hint"],
  ["signed up, registered, sign up", "user", "often"],
  ["private page, protected page, private status page, page login, page access", "status page private user", "often"],
  ["assign, assigned, ask, contact, whom", "owner", "hint"],
  ["hand ~ over, hand ~ to, transfer ~ to, pass ~ to, give ~ to", "owner", "often"],
  ["monitor, component, item, element, app, application, system, product, show", "resource", "hint"],
  ["section, category, categorize, arrange", "group", "often"],
  ["bundle, combine, cluster, together, set of", "group", "hint"],
  ["location, region, country, place, located, where", "probe", "hint"],
  [
    "phone, pick up, reachable, reach, standing by, responder, roster, rota, shift, handover, escalation, wake",
    "oncall",
    "often",
  ],
  ["tonight, weekend, overnight, night, handover, rotate, rotating", "schedule", "hint"],
  ["handover, rotation, rotate, restriction, night", "layer", "hint"],
  [
    "vacation, holiday, leave, sick, away, absent, absence, replace, replacement, take over, swap, shift",
    "override",
    "hint",
  ],
  [
    "swap ~ shift, take ~ shift, cover ~ shift, trade ~ shift, exchange ~ shift, take over, takes over",
    "override",
    "often",
  ],
  ["worked, hours, spent, time on duty, how long", "time log", "hint"],
  [
    "nobody answers, no one answers, not answer, not react, not respond, no reaction, no answer, unanswered, first responder",
    "escalation rule",
    "often",
  ],
  ["call, reminded, remind, wait", "escalation", "hint"],
  ["policy, rule", "rule", "hint"],
  ["condition, criteria, regulation", "rule", "hint"],
  ["notified, alerted, paged, woken, called, reached", "notification log", "often"],
  ["notified, alerted, paged, woken, called", "execution log", "hint"],
  ["cpu, latency, throughput, memory, memory usage, disk usage, response time, performance figures", "metric", "often"],
  ["performance, graph, chart, load, usage", "metric", "hint"],
  ["slow, slower, slowest", "span", "often"],
  ["request, transaction, call chain, duration", "span", "hint"],
  ["stdout, console, output, logging", "log", "often"],
  ["statistics, overview, panel, chart, graph, tv, wallboard", "dashboard", "often"],
  ["playbook, runbook, script, bot, integration, trigger, job", "workflow", "often"],
  ["run, ran, execute, executed, execution", "log", "often"],
  ["did, was, were, why did, fail, failed", "log", "hint"],
  ["setting, constant, secret", "variable", "hint"],
  ["token, key, credential", "api key", "often"],
  ["may, allowed, grant, access, role, forbid, permit", "permission", "often"],
  ["service, microservice, backend", "service catalog", "hint"],
  ["microservice, application, app, instrumented, service", "telemetry service", "hint"],
  [
    "ingest, ingestion, send logs, send traces, send metrics, send telemetry, collector, exporter",
    "telemetry ingestion key",
    "often",
  ],
  ["system, application, component", "service", "often"],
  ["depend, downstream, upstream, needs", "dependency", "often"],
  ["git, github, gitlab, source code", "code repository", "often"],
  ["branch, merge, code change", "pull request", "hint"],
  ["address, dns, cname, custom url", "domain", "often"],
  ["password less, identity, company login, corporate login", "sso", "often"],
  ["bottom, imprint, privacy policy, terms", "footer link", "often"],
  ["top, menu, navigation", "header link", "often"],
  ["color, green, red, yellow, orange, paint", "bar color", "hint"],
  ["text, texts, cell phone, mobile phone, mobile", "sms", "hint"],
  ["phone, phoned, rang, dial, voice", "call", "often"],
  ["slack, microsoft teams, ms teams, chat, channel, discord", "workspace", "often"],
  ["slack, microsoft teams, ms teams, chat, channel", "notification rule", "hint"],
  ["saved view, column, saved filter, table", "table view", "often"],
  ["workspace, account", "project", "hint"],
  ["attribute, dimension", "attribute", "hint"],
  ["category, kind, sort of", "type", "often"],
  ["category, categories, kind, keyword", "label", "hint"],
  ["share, attach, add to", "resource", "hint"],
];

/** Telling somebody outside something is an announcement, however it is put. */
const telling = ["warn", "tell", "inform", "notify", "announce to", "alert"];
const audience = ["customer", "client", "user", "visitor", "everyone", "public", "audience"];
/** Whoever is asked when the first one does not answer: the next step of an escalation. */
const following = ["next", "second", "backup", "another", "other"];
const somebody = ["person", "engineer", "colleague", "responder", "line", "level", "one", "man"];

/** The reviewed table of words for what APIs of operations, monitoring, status pages, teams and shops call otherwise. */
export const synonyms: readonly Synonyms[] = [
  ...groups.map((line) => ({ said: listed(line), meant: listed(line), sureness: "same" as const })),
  { said: pairs(telling, audience), meant: ["announcement"], sureness: "same" },
  { said: pairs(telling, audience), meant: ["public note"], sureness: "often" },
  { said: pairs(following, somebody), meant: ["escalation rule"], sureness: "often" },
  ...directed.map(([said, meant, sureness]) => ({ said: listed(said), meant: [meant], sureness })),
];

function pairs(first: readonly string[], second: readonly string[]): readonly string[] {
  return first.flatMap((one) => second.map((other) => `${one} ${other}`));
}

function listed(line: string): readonly string[] {
  return line.split(",").map((text) => text.trim());
}

import { object, withDefault } from "./fields.ts";
import { domain, type Noun } from "./noun.ts";

/** Alerts: what machines found, before a person calls it an incident. */
export const alerts: readonly Noun[] = domain(
  "Alerts",
  { paging: "page", envelope: "items" },
  {
    Alert: {
      expand: ["severityId", "monitorId"],
      prefix: "alr",
      count: "header",
      envelope: "bare",
      about: "A finding of a monitor, rule or outside source that may need a person",
      alertOnCreate: "alert.created",
      notifyDefault: true,
      fields: {
        title: "text(1..256)! What was found",
        description: "long? Details",
        severityId: "->AlertSeverity?* How bad",
        stateId: "->AlertState?* Internal state, as configured",
        state: "firing|acknowledged|resolved~* Where it stands",
        monitorId: "->Monitor?* The monitor that raised it",
        ruleId: "->AlertRule?* The rule that raised it",
        serviceId: "->Service?* The service concerned",
        incidentId: "->Incident?* The incident it belongs to",
        onCallPolicyId: "->OnCallPolicy? Who is paged",
        labels: "text(1..50)[]* Labels",
        payload: "json What the source sent",
        firedAt: "time*@ When it fired; now, if not given",
        acknowledgedAt: "time?~ When a person took it on",
        resolvedAt: "time?~ When it ended",
      },
      actions: [
        {
          verb: "acknowledge",
          about: "Takes it on, which stops the paging",
          when: { field: "state", is: ["firing"] },
          sets: { state: "acknowledged", acknowledgedAt: "$now" },
        },
        {
          verb: "resolve",
          about: "Ends it",
          when: { field: "state", is: ["firing", "acknowledged"] },
          sets: { state: "resolved", resolvedAt: "$now" },
        },
      ],
    },
    AlertState: {
      prefix: "als",
      about: "A state alerts go through inside the organisation",
      fields: {
        name: "text(1..60)! Name",
        color: "text(4..7) Hex colour",
        order: "int(1..100)! Place in the sequence",
        isResolved: "bool* Alerts in it count as resolved",
      },
      samples: ["Created", "Acknowledged", "Resolved"],
    },
    AlertSeverity: {
      prefix: "asv",
      plural: "AlertSeverities",
      about: "A degree of severity of alerts",
      fields: { name: "text(1..60)! Name", color: "text(4..7) Hex colour", rank: "int(1..10)!* 1 is worst" },
      samples: ["High", "Low"],
    },
    AlertNote: {
      prefix: "aln",
      about: "A note on an alert",
      path: "/alerts/{alertId}/notes",
      parents: [{ param: "alertId", noun: "Alert" }],
      idParam: "noteId",
      fields: {
        alertId: "->Alert! The alert",
        note: "long(1..10000)! The text",
        visibility: "internal|public* Who reads it",
      },
      samples: ["Looks like the nightly job"],
    },
    AlertRule: {
      prefix: "aru",
      about: "When an alert is raised, and who is told",
      fields: {
        name: "text(1..120)! Name",
        metricId: "->Metric?* Metric it looks at",
        condition: object(
          "When it fires",
          {
            comparison: "above|below! Which side",
            threshold: "num! Value",
            forMinutes: "int(0..1440)! Minutes it must last",
          },
          "!",
        ),
        severityId: "->AlertSeverity?* Severity alerts get",
        onCallPolicyId: "->OnCallPolicy?* Who is paged",
        enabled: withDefault("bool* Whether it is looked at", true),
      },
      samples: ["Error rate above 2 percent", "Disk nearly full"],
    },
    AlertRoute: {
      prefix: "aro",
      about: "Sends matching alerts to a channel",
      fields: {
        name: "text(1..120)! Name",
        match: "text! Label expression",
        channelId: "->NotificationChannel?* Where they go",
        order: "int(0..1000) Place; the first match wins",
      },
      samples: ["Payments to the payments channel"],
    },
    AlertGroup: {
      prefix: "agr",
      about: "Alerts that say the same thing, put together",
      fields: { title: "text(1..200)! Title", alertIds: "->Alert[] Its alerts", state: "open|closed* Where it stands" },
      samples: ["Latency across checkout"],
    },
    AlertSuppression: {
      prefix: "asp",
      about: "A time during which matching alerts stay quiet",
      fields: {
        name: "text(1..120)! Name",
        match: "text! Label expression",
        startsAt: "time! From",
        endsAt: "time! To",
      },
      samples: ["Load test in staging"],
    },
    AlertSource: {
      prefix: "aso",
      about: "An outside system that sends alerts",
      unnamed: ["count"],
      fields: {
        name: "text(1..120)! Name",
        kind: "prometheus|cloudwatch|grafana|email|webhook!* What it is",
        token: "secret?^ Token it signs in with",
        enabled: "bool* Whether its alerts are taken",
      },
      samples: ["Prometheus in production", "CloudWatch"],
    },
  },
);

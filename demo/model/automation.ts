import { listOf, object, withDefault } from "./fields.ts";
import { domain, type Noun } from "./noun.ts";

/** Workflows, channels and integrations: what happens by itself. */
export const automation: readonly Noun[] = domain(
  "Automation",
  { paging: "offset", envelope: "data", idStyle: "plain" },
  {
    Workflow: {
      prefix: "wfl",
      idStyle: "named",
      about: "Steps that run when something happens",
      fields: {
        name: "text(1..120)! Name",
        description: "text? What it is for",
        enabled: withDefault("bool* Whether it runs", true),
        trigger: object(
          "What starts it",
          {
            kind: "incident|alert|schedule|webhook|manual! Kind",
            filter: "text? Condition",
            cron: "text? Schedule, for the kind schedule",
          },
          "!",
        ),
        steps: listOf("What it does, in order", {
          name: "text(1..80)! Name",
          kind: "http|slack|email|condition|wait! Kind",
          settings: "json Settings of the step",
        }),
        lastRunAt: "time?~ Last run",
      },
      actions: [
        {
          verb: "run",
          about: "Starts it by hand",
          body: { input: "json What it is given" },
          sets: { lastRunAt: "$now" },
          adds: {
            noun: "WorkflowLog",
            row: { workflowId: "$id", state: "succeeded", output: "Started by hand", startedAt: "$now" },
          },
        },
      ],
      samples: ["Open a bridge call", "Create a ticket"],
    },
    WorkflowVariable: {
      prefix: "wfv",
      about: "A value workflows can use",
      fields: {
        name: "text(1..80)! Name",
        value: "text?^ Value; not returned where it is secret",
        isSecret: "bool= Whether it is secret",
        workflowId: "->Workflow?* Only for this workflow",
      },
      samples: ["TICKET_PROJECT"],
    },
    WorkflowLog: {
      prefix: "wlg",
      about: "One run of a workflow",
      fields: {
        workflowId: "->Workflow!* The workflow",
        state: "running|succeeded|failed!* How it went",
        output: "long? What it said",
        startedAt: "time! When",
        durationMs: "int(0..)? Milliseconds",
      },
      samples: ["run"],
    },
    Webhook: {
      prefix: "whk",
      update: "put",
      sharedSchema: true,
      about: "An address that is called when something happens",
      fields: {
        name: "text(1..120)! Name",
        url: "url! Address",
        events: "text[] Kinds of events",
        secret: "secret?^ Secret calls are signed with",
        enabled: "bool* Whether it is called",
      },
      actions: [
        {
          verb: "test",
          about: "Calls it once with a sample",
          sets: {},
          adds: {
            noun: "WebhookDelivery",
            row: { webhookId: "$id", state: "delivered", statusCode: 200, sentAt: "$now" },
          },
        },
      ],
      samples: ["Data warehouse", "Chat bot"],
    },
    WebhookDelivery: {
      prefix: "whd",
      plural: "WebhookDeliveries",
      kinds: ["list", "count", "get"],
      about: "One call of a webhook",
      fields: {
        webhookId: "->Webhook!* The webhook",
        state: "delivered|failed|pending!* How it went",
        statusCode: "int(100..599)? Answer",
        sentAt: "time! When",
      },
      actions: [{ verb: "redeliver", about: "Sends it again", sets: { state: "delivered", sentAt: "$now" } }],
      samples: ["delivery"],
    },
    Integration: {
      prefix: "itg",
      update: "both",
      about: "A connection to another product",
      fields: {
        name: "text(1..120)! Name",
        product: "slack|teams|jira|github|pagerduty|datadog!* Product",
        config: "json Settings",
        token: "secret?^ Token",
        state: "connected|broken~* Whether it works",
      },
      actions: [{ verb: "test", about: "Tries the connection", sets: { state: "connected" } }],
      samples: ["Company Slack", "Ticket tracker"],
    },
    NotificationChannel: {
      prefix: "nch",
      about: "A place messages to people go",
      fields: {
        name: "text(1..120)! Name",
        kind: "slack|teams|email|sms|webhook!* Kind",
        target: "text(1..320)! Channel, address or number",
        teamId: "->Team?* Team that reads it",
      },
      samples: ["#payments-incidents", "ops@example.com"],
    },
    NotificationPolicy: {
      prefix: "npo",
      plural: "NotificationPolicies",
      about: "Which messages go to which channel",
      fields: {
        name: "text(1..120)! Name",
        events: "text[] Kinds of events",
        channelIds: "->NotificationChannel[] Channels",
        quiet: "bool* Whether it is silent at night",
      },
      samples: ["Critical to everyone"],
    },
    NotificationLog: {
      prefix: "nlg",
      kinds: ["list", "count", "get"],
      about: "One message that was sent to a person or channel",
      fields: {
        channelId: "->NotificationChannel?* Channel",
        subject: "text! What it was about",
        state: "sent|failed!* How it went",
        sentAt: "time! When",
      },
      samples: ["Incident opened: payments", "On-call changed"],
    },
    OutboxMessage: {
      prefix: "out",
      path: "/outbox",
      envelope: "items",
      kinds: ["list", "count", "get"],
      about:
        "An alert that was sent to people: one row for each dispatch. What was done with notify false is not in here",
      fields: {
        kind: "text!* What it was about, such as incident.created",
        resourceType: "text!* Noun it was about",
        resourceId: "text!* Its id",
        pageId: "->StatusPage?* Status page whose subscribers were told",
        recipients: "int(0..)! People it went to",
        sentAt: "time! When",
      },
    },
    EmailTemplate: {
      prefix: "emt",
      about: "The words of an e-mail",
      fields: { name: "text(1..120)! Name", subject: "text(1..200)! Subject", body: "long! Text" },
      samples: ["Incident to executives"],
    },
    SmsTemplate: {
      prefix: "smt",
      about: "The words of a text message",
      fields: { name: "text(1..120)! Name", body: "text(1..320)! Text" },
      samples: ["Page"],
    },
    Label: {
      prefix: "lbl",
      about: "A word things can be marked with",
      unnamed: ["list", "get"],
      fields: { name: "text(1..50)! The word", color: "text(4..7) Hex colour", description: "text? What it means" },
      samples: ["production", "payments", "customer-facing"],
    },
    CustomField: {
      prefix: "cfd",
      about: "A field the organisation adds to a noun",
      fields: {
        name: "text(1..80)! Name",
        noun: "incident|monitor|service|maintenance!=* Noun",
        type: "text|number|date|choice!= Type",
        choices: "text[] Choices, for the type choice",
      },
      samples: ["Cost centre"],
    },
    Report: {
      prefix: "rpt",
      about: "Figures over a time, made on request",
      fields: {
        name: "text(1..120)! Name",
        kind: "uptime|incidents|on_call|response_time!=* What it tells",
        from: "day!= First day",
        to: "day!= Last day",
        state: "queued|ready|failed~* Whether it is done",
        summary: "json~ The figures",
      },
      samples: ["Monthly uptime", "On-call load"],
    },
    ReportSchedule: {
      prefix: "rps",
      about: "When a report is made and who gets it",
      fields: {
        name: "text(1..120)! Name",
        kind: "uptime|incidents|on_call|response_time!* What it tells",
        every: "week|month|quarter!* How often",
        recipients: "email[] Who gets it",
      },
      samples: ["Uptime every month"],
    },
    ExportJob: {
      prefix: "exp",
      kinds: ["list", "count", "get", "create", "delete"],
      about: "An export of the organisation's data",
      fields: {
        noun: "incidents|monitors|events|audit_logs!* What is exported",
        format: "csv|json! Format",
        state: "queued|running|done|cancelled~* Where it stands",
        url: "url?~ Where the result is",
      },
      actions: [
        {
          verb: "cancel",
          about: "Stops it",
          when: { field: "state", is: ["queued", "running"] },
          sets: { state: "cancelled" },
        },
      ],
      samples: ["incidents"],
    },
  },
);

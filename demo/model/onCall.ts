import { listOf, object, withDefault } from "./fields.ts";
import { domain, type Noun } from "./noun.ts";

/** On-call: who is called, in which order, and when. */
export const onCall: readonly Noun[] = domain(
  "On-call",
  { paging: "offset", envelope: "bare", update: "put" },
  {
    OnCallPolicy: {
      expand: ["teamId"],
      prefix: "ocp",
      plural: "OnCallPolicies",
      update: "both",
      about: "Who is paged when something fires, and how it escalates",
      fields: {
        name: "text(1..120)! Name",
        description: "text? When it applies",
        teamId: "->Team!* The team it belongs to",
        scheduleIds: "->OnCallSchedule[] Schedules the first page goes to",
        repeat: object("Whether it starts over", {
          times: "int(0..10)! Times",
          afterMinutes: "int(1..1440)! Minutes between",
        }),
        enabled: withDefault("bool* Whether it pages", true),
      },
    },
    EscalationRule: {
      prefix: "esc",
      path: "/on-call-policies/{onCallPolicyId}/escalation-rules",
      parents: [{ param: "onCallPolicyId", noun: "OnCallPolicy" }],
      idParam: "ruleId",
      about: "One step of an on-call policy: who is paged after how long",
      fields: {
        onCallPolicyId: "->OnCallPolicy! The policy",
        name: "text(1..120)! Name",
        order: "int(1..20)! Place; 1 is first",
        afterMinutes: "int(0..1440)! Minutes without an answer before it applies",
        userIds: "->User[] People who are paged",
        teamIds: "->Team[] Teams that are paged",
        scheduleIds: "->OnCallSchedule[] Schedules whose current person is paged",
      },
    },
    OnCallSchedule: {
      expand: ["teamId", "currentUserId"],
      prefix: "sch",
      about: "Who is on call when; layers that rotate",
      update: "patch",
      fields: {
        name: "text(1..120)! Name",
        teamId: "->Team!* The team it covers",
        timezone: withDefault("text IANA time zone of the handoffs", "UTC"),
        layers: listOf("Layers; the last one that covers a moment wins", {
          name: "text(1..80)! Name",
          userIds: "->User[]! People, in order",
          rotation: "daily|weekly|custom! How often it changes",
          handoffAt: "text(5..5) Time of day as HH:MM",
        }),
        currentUserId: "->User?~ Who is on call now",
      },
    },
    OnCallShift: {
      expand: ["userId", "teamId"],
      prefix: "shf",
      about: "A stretch of time one person is on call",
      fields: {
        scheduleId: "->OnCallSchedule!* The schedule",
        teamId: "->Team?* The team it covers",
        userId: "->User!* The person",
        startsAt: "time!* From",
        endsAt: "time!* To",
        isOverride: "bool* Whether someone stepped in",
      },
    },
    OnCallOverride: {
      prefix: "ovr",
      about: "Someone steps in for someone else",
      fields: {
        scheduleId: "->OnCallSchedule!* The schedule",
        userId: "->User!* Who steps in",
        forUserId: "->User? For whom",
        startsAt: "time! From",
        endsAt: "time! To",
        reason: "text? Why",
      },
      samples: ["dentist"],
    },
    OnCallRotation: {
      prefix: "rot",
      about: "A rotation several schedules can share",
      fields: { name: "text(1..120)! Name", userIds: "->User[] People, in order", days: "int(1..90)! Days each" },
      samples: ["Weekly rotation"],
    },
    OnCallLog: {
      prefix: "ocl",
      about: "One attempt to reach a person on call",
      kinds: ["list", "count", "get"],
      fields: {
        onCallPolicyId: "->OnCallPolicy!* The policy",
        userId: "->User!* Who was called",
        incidentId: "->Incident?* About which incident",
        channel: "call|sms|email|push!* How",
        outcome: "answered|missed|failed!* How it went",
        calledAt: "time! When",
      },
      samples: ["page"],
    },
    OnCallHandoff: {
      prefix: "hnd",
      about: "What one person on call tells the next",
      fields: {
        scheduleId: "->OnCallSchedule!* The schedule",
        fromUserId: "->User! Who leaves",
        toUserId: "->User! Who comes",
        notes: "long! What to know",
        handedAt: "time When",
      },
      samples: ["Monday"],
    },
    ContactMethod: {
      prefix: "ctm",
      about: "How a person can be reached",
      fields: {
        userId: "->User!* The person",
        channel: "call|sms|email|push!* How",
        address: "text(1..320)! Number or address",
        verified: "bool~* Whether it was tried",
      },
      samples: ["mobile"],
    },
    NotificationRule: {
      prefix: "nru",
      about: "Which contact method is used after how long, per person",
      fields: {
        userId: "->User!* The person",
        contactMethodId: "->ContactMethod! How",
        afterMinutes: "int(0..120)! Minutes",
        urgency: "high|low!* For which urgency",
      },
      samples: ["high at once"],
    },
    OnCallCompensationRule: {
      prefix: "ocr",
      about: "What people get for being on call",
      fields: {
        name: "text(1..120)! Name",
        perShift: "num(0..)! Amount per shift",
        currency: "text(3..3)! ISO 4217 code",
        weekendsOnly: "bool* Only at weekends",
      },
      samples: ["Weekend allowance"],
    },
    HolidayCalendar: {
      prefix: "hol",
      about: "Days on which other rotations apply",
      fields: { name: "text(1..120)! Name", country: "text(2..2)!* Country code", days: "day[] The days" },
      samples: ["Germany", "United States"],
    },
  },
);

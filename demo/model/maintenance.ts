import { withDefault } from "./fields.ts";
import { domain, type Noun } from "./noun.ts";

const page = [{ param: "pageId", noun: "StatusPage" }] as const;
const onPage = "->StatusPage! The status page";
const notify = "bool! Whether subscribers are alerted. false is a guarantee that nobody is";

/** Maintenances: planned work customers should know about. */
export const maintenance: readonly Noun[] = domain(
  "Maintenance",
  { paging: "offset", envelope: "items", count: "endpoint" },
  {
    Maintenance: {
      expand: ["pageId"],
      prefix: "mnt",
      count: "body",
      alertOnCreate: "maintenance.scheduled",
      about: "Planned work with a start and an end, published on a status page",
      fields: {
        title: "text(1..256)! Title",
        message: "long(1..5000)! What customers are told",
        pageId: "->StatusPage!=* The status page",
        pageComponentIds: "->StatusPageComponent[] Components concerned",
        state: "scheduled|active|completed|cancelled~* Where it stands",
        stageId: "->MaintenanceStage? Stage shown",
        from: "time!* When it starts",
        to: "time!* When it ends; after from",
        monitorIds: "->Monitor[] Monitors concerned",
        pauseMonitors: withDefault("bool Whether those monitors are paused meanwhile", false),
        labels: "text[]* Labels",
        completedAt: "time?~ When it was completed",
        cancelledAt: "time?~ When it was cancelled",
        cancelReason: "text?~ Why it was cancelled",
      },
      actions: [
        {
          verb: "complete",
          about: "Ends it and says so on the status page",
          body: { message: "long(1..5000)? Last words", notify },
          when: { field: "state", is: ["scheduled", "active"] },
          sets: { state: "completed", completedAt: "$now" },
          adds: {
            noun: "MaintenanceUpdate",
            row: { maintenanceId: "$id", pageId: "$pageId", state: "completed", message: "$body.message" },
          },
          alert: "maintenance.completed",
        },
        {
          verb: "cancel",
          about: "Calls it off",
          body: { reason: "text? Why", notify },
          when: { field: "state", is: ["scheduled", "active"] },
          sets: { state: "cancelled", cancelledAt: "$now", cancelReason: "$body.reason" },
          alert: "maintenance.cancelled",
        },
      ],
    },
    MaintenanceUpdate: {
      prefix: "mnu",
      path: "/maintenances/{maintenanceId}/updates",
      parents: [{ param: "maintenanceId", noun: "Maintenance" }],
      idParam: "updateId",
      alertOnCreate: "maintenance.updated",
      about: "A message to customers about a maintenance",
      fields: {
        maintenanceId: "->Maintenance! The maintenance",
        pageId: "->StatusPage?~ The status page",
        state: "scheduled|active|completed|cancelled* State at that time",
        message: "long(1..5000)? What customers are told",
        publishedAt: "time@ When; now, if not given",
      },
    },
    MaintenanceStage: {
      prefix: "mns",
      path: "/status-pages/{pageId}/maintenance-stages",
      parents: page,
      idParam: "stageId",
      about: "A stage of the maintenance lifecycle, as customers see it on one status page",
      fields: {
        pageId: onPage,
        name: "text(1..60)! Name shown",
        key: "scheduled|active|completed|cancelled!* State it stands for",
        order: "int(1..20)! Place in the sequence",
        terminal: "bool Whether it ends the maintenance",
      },
    },
    MaintenanceTemplate: {
      prefix: "mnp",
      about: "A prepared maintenance",
      fields: {
        name: "text(1..120)! Name",
        title: "text(1..256)! Title maintenances get",
        durationMinutes: "int(1..10080) Minutes it takes",
        message: "long First message",
      },
      samples: ["Database upgrade", "Network work"],
    },
    MaintenanceTask: {
      prefix: "mnk",
      path: "/maintenances/{maintenanceId}/tasks",
      parents: [{ param: "maintenanceId", noun: "Maintenance" }],
      idParam: "taskId",
      about: "A step of the work",
      fields: {
        maintenanceId: "->Maintenance! The maintenance",
        title: "text(1..200)! What is done",
        order: "int(0..100) Place",
        done: "bool* Whether it is done",
      },
      samples: ["Take a backup", "Switch over"],
    },
    MaintenanceReminder: {
      prefix: "mnr",
      about: "Tells subscribers again before a maintenance starts",
      fields: {
        maintenanceId: "->Maintenance!* The maintenance",
        minutesBefore: "int(5..10080)! Minutes before the start",
        sentAt: "time?~ When it was sent",
      },
      samples: ["a day before"],
    },
    ChangeFreeze: {
      prefix: "frz",
      about: "A time during which nothing is deployed",
      fields: {
        name: "text(1..120)! Name",
        startsAt: "time! From",
        endsAt: "time! To",
        environmentId: "->Environment?* Environment concerned",
        exceptions: "text? What is allowed all the same",
      },
      samples: ["Black Friday"],
    },
  },
);

import { testSchedules } from "./schedules.js";

testSchedules([
  {
    name: "resources die and are started again, one medium is never disturbed",
    reach: { healthyMedia: 1, media: 2, monitored: true },
    share: 0.04,
  },
  {
    name: "resources die and are started again, every medium may be disturbed",
    reach: { healthyMedia: 0, media: 2, monitored: true },
    share: 0.02,
  },
]);

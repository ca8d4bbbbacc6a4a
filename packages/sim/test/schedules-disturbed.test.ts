import { testSchedules } from "./schedules.js";

testSchedules([
  { name: "every medium may be disturbed", reach: { healthyMedia: 0, media: 2 }, share: 0.3 },
  {
    name: "heartbeats overtake one another all the time",
    reach: { healthyMedia: 1, media: 2, shuffled: true },
    share: 0.1,
  },
  {
    name: "with ldirectord and failing real servers",
    reach: { healthyMedia: 1, media: 2, directors: true },
    share: 0.1,
  },
]);

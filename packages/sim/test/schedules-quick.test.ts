import { testSchedules } from "./schedules.js";

testSchedules([
  {
    name: "the times of the shipped ha.cf, one medium is never disturbed",
    reach: { healthyMedia: 1, media: 2, quick: true },
    share: 0.04,
  },
  {
    name: "the times of the shipped ha.cf, every medium may be disturbed",
    reach: { healthyMedia: 0, media: 2, quick: true },
    share: 0.02,
  },
  {
    name: "three directors, one medium is never disturbed",
    reach: { healthyMedia: 1, media: 2, nodes: 3 },
    share: 0.04,
  },
  {
    name: "three directors, the times of the shipped ha.cf, every medium may be disturbed",
    reach: { healthyMedia: 0, media: 2, nodes: 3, quick: true },
    share: 0.02,
  },
]);

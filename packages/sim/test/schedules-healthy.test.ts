import { testSchedules } from "./schedules.js";

testSchedules([{ name: "one medium is never disturbed", reach: { healthyMedia: 1, media: 2 }, share: 0.5 }]);

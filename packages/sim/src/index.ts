export type { DirectorCore } from "./director.js";
export { FAULTS_UNTIL_MS, type Fault, type Reach, type Schedule, schedules, type Timed } from "./faults.js";
export { directorSettings, type Mutation, type Outcome, play } from "./play.js";
export type { Core } from "./process.js";
export { createSimulation, type Simulation, type SimulationOptions } from "./simulation.js";
export { type Block, formatStory, type PlayedBlock, parseStory, playStory } from "./story.js";
export { StoryError } from "./story-words.js";
export { formatEntry } from "./trace.js";

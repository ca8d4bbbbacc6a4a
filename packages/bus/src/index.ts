export type {
  ClusterEvent,
  CtsyncdFact,
  DaemonFact,
  Fact,
  HeartbeatFact,
  LdirectordFact,
  LetterFact,
  NotifierdFact,
  Severity,
  StepTime,
} from "./event.js";
export { EVENT_LOG_LENGTH, type EventLog, type EventSource, eventLog, type Since } from "./event-log.js";
export {
  type Cursor,
  START,
  SUBSCRIPTION_TIMING,
  type Subscription,
  type SubscriptionAction,
  type SubscriptionEvent,
  type SubscriptionTiming,
  subscription,
  subscriptionMachine,
} from "./subscription.js";

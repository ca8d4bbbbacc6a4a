export type {
  CheckConfig,
  CheckResult,
  CheckSpec,
  ClientService,
  DialogueService,
  DirectorConfig,
  FallbackConfig,
  NegotiateSpec,
  PeriodicCheck,
  RealConfig,
  ServiceConfig,
} from "./core/configured.js";

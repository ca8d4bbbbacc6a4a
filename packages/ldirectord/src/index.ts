export type {
  CheckConfig,
  CheckResult,
  CheckSpec,
  DirectorConfig,
  FallbackConfig,
  NegotiateService,
  NegotiateSpec,
  PeriodicCheck,
  RealConfig,
  ServiceConfig,
} from "./core/configured.js";

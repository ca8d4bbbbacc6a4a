/**
 * Media between the hosts: each direction of each medium can be cut, lose, delay, reorder and duplicate.
 *
 * A medium is healthy between two hosts while both directions are: no cut, no loss, no delay of more than
 * `HEALTHY_JITTER_MS`. Duplicates and packets that overtake one another are no excuse. What was sent before a cut still
 * arrives.
 */
import type { World } from "./world.js";

export interface Disturbance {
  readonly cut: boolean;
  /** Probability that one packet is lost. */
  readonly loss: number;
  /** Added to the delay of each packet, between 0 and this: packets overtake one another. */
  readonly jitterMs: number;
  readonly duplicate: number;
}

export const whole: Disturbance = { cut: false, loss: 0, jitterMs: 0, duplicate: 0 };

/** One direction of one medium. */
export interface Direction {
  readonly medium: string;
  readonly from: string;
  readonly to: string;
}

export interface Network<Packet> {
  readonly media: readonly string[];
  attach(host: string, receive: (medium: string, packet: Packet) => void): void;
  /** Sends on one medium to every other host. */
  send(medium: string, from: string, packet: Packet): void;
  disturb(direction: Direction, disturbance: Disturbance): void;
  healAll(): void;
  /** At least one medium is whole in both directions between each two hosts. */
  isHealthy(): boolean;
  /** Since when it has been so without interruption; undefined if it is not. */
  healthySince(): number | undefined;
}

/** So much delay is healthy. */
export const HEALTHY_JITTER_MS = 100;

const DELAY_MS = { least: 0.1, most: 1 };

export function createNetwork<Packet>(
  world: World,
  hosts: readonly string[],
  media: readonly string[],
): Network<Packet> {
  const receivers = new Map<string, (medium: string, packet: Packet) => void>();
  const disturbed = new Map<string, Disturbance>();
  let healthySince: number | undefined = Number.NEGATIVE_INFINITY;
  const key = ({ medium, from, to }: Direction) => `${medium} ${from} ${to}`;

  const isWhole = (medium: string, from: string, to: string): boolean => {
    const { cut, loss, jitterMs } = disturbed.get(key({ medium, from, to })) ?? whole;
    return !cut && loss === 0 && jitterMs <= HEALTHY_JITTER_MS;
  };
  const isHealthy = () =>
    hosts.every((a) =>
      hosts.every((b) => a >= b || media.some((one) => isWhole(one, a, b) && isWhole(one, b, a))),
    );

  function noteHealth(): void {
    const healthy = isHealthy();
    if (!healthy) healthySince = undefined;
    else healthySince ??= world.now();
  }

  function carry(direction: Direction, packet: Packet): void {
    const disturbance = disturbed.get(key(direction)) ?? whole;
    const { chance } = world;
    if (disturbance.cut || chance.happens(disturbance.loss)) return;
    const copies = chance.happens(disturbance.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = chance.between(DELAY_MS.least, DELAY_MS.most) + chance.fraction() * disturbance.jitterMs;
      world.at(world.now() + delay, () => receivers.get(direction.to)?.(direction.medium, packet));
    }
  }

  return {
    media,
    attach(host, receive) {
      receivers.set(host, receive);
    },
    send(medium, from, packet) {
      for (const to of hosts) if (to !== from) carry({ medium, from, to }, packet);
    },
    disturb(direction, disturbance) {
      const { cut, loss, jitterMs, duplicate } = disturbance;
      if (cut || loss > 0 || jitterMs > 0 || duplicate > 0) disturbed.set(key(direction), disturbance);
      else disturbed.delete(key(direction));
      noteHealth();
    },
    healAll() {
      disturbed.clear();
      noteHealth();
    },
    isHealthy,
    healthySince: () => healthySince,
  };
}

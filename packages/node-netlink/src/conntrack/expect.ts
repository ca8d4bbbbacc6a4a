/** Expectations: flows that a helper (FTP, SIP) foresees. */
import type { AttributeWriter } from "../attribute.js";
import { AttributeCursor } from "../attribute-cursor.js";
import {
  CTA_EXPECT_CLASS,
  CTA_EXPECT_FLAGS,
  CTA_EXPECT_FN,
  CTA_EXPECT_HELP_NAME,
  CTA_EXPECT_ID,
  CTA_EXPECT_MASK,
  CTA_EXPECT_MASTER,
  CTA_EXPECT_NAT,
  CTA_EXPECT_NAT_DIR,
  CTA_EXPECT_NAT_TUPLE,
  CTA_EXPECT_TIMEOUT,
  CTA_EXPECT_TUPLE,
  CTA_EXPECT_ZONE,
} from "./constants.js";
import { NFGENMSG_BYTES } from "./flow.js";
import { readTuple, type Tuple, writeTuple } from "./tuple.js";

export interface Expectation {
  /** Original tuple of the flow whose helper foresees this one. */
  readonly master: Tuple;
  readonly tuple: Tuple;
  /** Set bits must match. */
  readonly mask: Tuple;
  readonly timeoutSeconds?: number;
  readonly id?: number;
  readonly helper?: string;
  readonly zone?: number;
  /** NF_CT_EXPECT_*: 1 permanent, 2 inactive, 4 user space. */
  readonly flags?: number;
  readonly class?: number;
  readonly nat?: { readonly direction: number; readonly tuple: Tuple };
  /** The kernel function that sets up the flow: `nat-follow-master`. */
  readonly function?: string;
}

const FORMAT = "conntrack expectation";
type Draft = { -readonly [K in keyof Expectation]?: Expectation[K] };

/** @throws DecodeError, also without master, tuple or mask. */
export function decodeExpectation(payload: Uint8Array): Expectation {
  const draft: Draft = {};
  const cursor: AttributeCursor = new AttributeCursor(payload, FORMAT, NFGENMSG_BYTES);
  while (cursor.next()) readAttribute(cursor, draft);
  const { master, tuple, mask, ...rest } = draft;
  if (master === undefined || tuple === undefined || mask === undefined) {
    cursor.fail("expectation without master, tuple or mask");
  }
  return { master, tuple, mask, ...rest };
}

function readAttribute(cursor: AttributeCursor, draft: Draft): void {
  switch (cursor.type) {
    case CTA_EXPECT_MASTER:
      draft.master = readTuple(cursor.nest());
      break;
    case CTA_EXPECT_TUPLE:
      draft.tuple = readTuple(cursor.nest());
      break;
    case CTA_EXPECT_MASK:
      draft.mask = readTuple(cursor.nest());
      break;
    case CTA_EXPECT_TIMEOUT:
      draft.timeoutSeconds = cursor.u32be();
      break;
    case CTA_EXPECT_ID:
      draft.id = cursor.u32be();
      break;
    case CTA_EXPECT_HELP_NAME:
      draft.helper = cursor.text();
      break;
    case CTA_EXPECT_ZONE:
      draft.zone = cursor.u16be();
      break;
    case CTA_EXPECT_FLAGS:
      draft.flags = cursor.u32be();
      break;
    case CTA_EXPECT_CLASS:
      draft.class = cursor.u32be();
      break;
    case CTA_EXPECT_NAT:
      draft.nat = readNat(cursor.nest());
      break;
    case CTA_EXPECT_FN:
      draft.function = cursor.text();
      break;
  }
}

function readNat(cursor: AttributeCursor): { direction: number; tuple: Tuple } {
  let direction = 0;
  let tuple: Tuple | undefined;
  while (cursor.next()) {
    if (cursor.type === CTA_EXPECT_NAT_DIR) direction = cursor.u32be();
    else if (cursor.type === CTA_EXPECT_NAT_TUPLE) tuple = readTuple(cursor.nest());
  }
  if (tuple === undefined) cursor.fail("NAT of an expectation without tuple");
  return { direction, tuple };
}

/** In the order in which conntrackd writes it; the id is the kernel's. */
export function writeExpectation(attributes: AttributeWriter, expectation: Expectation): void {
  const { master, tuple, mask, timeoutSeconds, flags, helper, zone, nat } = expectation;
  writeTuple(attributes, CTA_EXPECT_TUPLE, tuple);
  writeTuple(attributes, CTA_EXPECT_MASTER, master);
  writeTuple(attributes, CTA_EXPECT_MASK, mask);
  if (timeoutSeconds !== undefined) attributes.u32be(CTA_EXPECT_TIMEOUT, timeoutSeconds);
  if (flags !== undefined) attributes.u32be(CTA_EXPECT_FLAGS, flags);
  if (zone !== undefined) attributes.u16be(CTA_EXPECT_ZONE, zone);
  if (helper !== undefined) attributes.text(CTA_EXPECT_HELP_NAME, helper);
  if (expectation.class !== undefined) attributes.u32be(CTA_EXPECT_CLASS, expectation.class);
  if (nat !== undefined) {
    attributes.nest(CTA_EXPECT_NAT, (nest) => {
      nest.u32be(CTA_EXPECT_NAT_DIR, nat.direction);
      writeTuple(nest, CTA_EXPECT_NAT_TUPLE, nat.tuple);
    });
  }
  if (expectation.function !== undefined) attributes.text(CTA_EXPECT_FN, expectation.function);
}

/** What `status` answers on the control socket. */
import type { DaemonContext } from "@systole/daemon";
import { viewOf } from "../core/view.js";
import { vipsOf } from "./adoption.js";
import type { HeartbeatStatus } from "./commands.js";
import type { DropLog } from "./drop-log.js";
import type { MediaSet } from "./media-set.js";
import type { NodeAttributes } from "./node-attributes.js";
import type { OwnLinks } from "./own-links.js";
import type { Present } from "./present.js";

export interface StatusParts {
  readonly present: Present;
  readonly media: MediaSet;
  readonly ownLinks: OwnLinks;
  readonly attributes: NodeAttributes;
  readonly dropped: DropLog;
}

export function statusOf({ clock, version }: DaemonContext, parts: StatusParts): HeartbeatStatus {
  const { present, media, ownLinks, attributes, dropped } = parts;
  return {
    ...viewOf(present.state, clock.now()),
    version,
    lease: present.configuration.settings.lease,
    vips: present.groups.flatMap(({ key, resources }) =>
      vipsOf(resources).map((address) => ({ address, group: key })),
    ),
    media: media.view(),
    ownLinks: ownLinks.up(),
    attributes: attributes.all(),
    dropped: dropped.totals(),
  };
}

/** What `cl_status -h` prints: the original's subcommands, in our words. */
export const CL_STATUS_HELP = `Usage: cl_status <sub-command> [<options>] [<parameters>]

Sub-commands:
  hbstatus [-v]          is heartbeat running on this machine? -v: its version and listnodes -v, too
  listnodes [-n|-p] [-v] the nodes of the cluster; -n: normal nodes, -p: ping nodes, -v: with type, status and links
  nodestatus NODE        active, up, init, dead; ping for a ping node that answers
  nodetype NODE          normal or ping
  nodeweight NODE        the node's weight, as hb_setweight set it
  nodesite NODE          the node's site, as hb_setsite set it
  listhblinks [-v] NODE  the links to a node; -v: with their status
  hblinkstatus NODE LINK up or dead
  clientstatus NODE CLIENT [MS]  online, offline, join or leave
  rscstatus              none, local, foreign, all or transition
  hbparameter -p NAME    the value of a parameter of ha.cf

  -m          a sentence for people, with any of them
  -h, --help  this, in the place of the sub-command
`;

# The owner's heartbeat is stopped between deciding to say that it has the group and saying so. When it goes on, the
# standby has had the VIP for a while, and comes later in the group's order: heard now, that word would make it yield,
# and the VIP would move back for nothing. So it is not sent any more; the old owner begins a new life as a stranger.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 20.5s
freeze lb1 deciding
run 12s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10
22.544 lb2 peer-late lb1
23.423 lb1 vip-down 192.0.2.10 by the kernel
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone
25.074 lb2 vip-up 192.0.2.10
thaw lb1
run 10s
----
32.500 lb1 stalled 12457 ms
32.500 lb1 peer-alive lb2 after start
32.502 lb2 peer-alive lb1 after death

# hb_standby on the owner moves the group; hb_takeover on the preferred node fetches it back. No deadtime is waited.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

standby lb1 all
run 5s
----
5.010 lb1 vip-down 192.0.2.10
5.041 lb2 takeover lb1 gave it
5.071 lb2 vip-up 192.0.2.10

takeover lb1 all
run 5s
----
10.011 lb2 vip-down 192.0.2.10
10.041 lb1 takeover lb2 gave it
10.071 lb1 vip-up 192.0.2.10

# A standby that nobody can answer is refused, and nothing is given up.
crash lb2
run 8s
----
16.542 lb1 peer-late lb2
19.042 lb1 peer-dead lb2
19.042 lb1 link-dead lb2 eth0

standby lb1 all
run 2s
----
23.000 lb1 refused Other side is in flux: no other node can take them now

# Two groups, one preferred by each. hb_takeover local fetches what prefers this node, foreign what prefers the other;
# hb_standby gives the same sets away. No deadtime is waited.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb2 takeover nobody has it
0.003 lb1 takeover nobody has it
0.033 lb2 vip-up 192.0.2.20
0.033 lb1 vip-up 192.0.2.10

takeover lb1 foreign
run 3s
----
5.011 lb2 vip-down 192.0.2.20
5.042 lb1 takeover lb2 gave it
5.072 lb1 vip-up 192.0.2.20

standby lb1 local
run 3s
----
8.010 lb1 vip-down 192.0.2.10
8.040 lb2 takeover lb1 gave it
8.070 lb2 vip-up 192.0.2.10

takeover lb1 local
run 3s
----
11.010 lb2 vip-down 192.0.2.10
11.041 lb1 takeover lb2 gave it
11.071 lb1 vip-up 192.0.2.10

standby lb1 foreign
run 3s
----
14.010 lb1 vip-down 192.0.2.20
14.041 lb2 takeover lb1 gave it
14.071 lb2 vip-up 192.0.2.20

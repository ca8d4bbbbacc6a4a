# Two groups, one on each director. hb_takeover all fetches the other's, failback (7.5: its own) brings it home.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 5.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb2 takeover nobody has it
0.003 lb1 takeover nobody has it
0.033 lb2 vip-up 192.0.2.20
0.033 lb1 vip-up 192.0.2.10

takeover lb2 all
run 5s
----
5.311 lb1 vip-down 192.0.2.10
5.341 lb2 takeover lb1 gave it
5.371 lb2 vip-up 192.0.2.10

takeover lb1 local
run 5s
----
10.310 lb2 vip-down 192.0.2.10
10.341 lb1 takeover lb2 gave it
10.371 lb1 vip-up 192.0.2.10

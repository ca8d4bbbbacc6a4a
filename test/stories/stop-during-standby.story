# A clean stop of the giver in the middle of a standby: what it gives goes where it was going, the rest follows.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  auto_failback off
run 5.3s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb2 takeover nobody has it
0.003 lb1 takeover nobody has it
0.033 lb2 vip-up 192.0.2.20
0.033 lb1 vip-up 192.0.2.10

standby lb1 all
run 5ms
stop lb1
run 10s
----
5.310 lb1 vip-down 192.0.2.10
5.340 lb2 takeover lb1 is gone
5.370 lb2 vip-up 192.0.2.10
10.340 lb2 peer-dead lb1
10.342 lb2 link-dead lb1 eth0
